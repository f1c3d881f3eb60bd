"""Keys of the input line at a real terminal, and what a person does beside a turn that runs."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scripted_server import Gate, Reply, ScriptedServer, call, say
from tests.scripted_server.replies import slowly
from tests.servr.person import CLI, CTRL_C, LIMIT_SECONDS, Person, chatting, environment

pytestmark = [pytest.mark.server, pytest.mark.slow]

CTRL_R, CTRL_Z, EDIT, UP = "\x12", "\x1a", "\x18\x05", "\x1b[A"
IN_A_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def last_said(server: ScriptedServer, request: int = -1) -> str:
    return str(server.requests[request].messages[-1]["content"])


def test_ctrl_c_ends_a_turn_while_a_call_is_being_written(workspace: Path) -> None:
    never = Gate()
    function = {"name": "write_file", "arguments": '{"path": "a.txt", "content": "half'}
    delta = {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}]}
    chunk = {"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
    half = Reply(
        (f"data: {json.dumps(chunk)}\n\n".encode(), never), headers=(("content-type", "text/event-stream"),)
    )
    with ScriptedServer([half, say("I go on.")]) as server, chatting(workspace, server.url) as person:
        person.answer("Write.")
        person.sees("a call of write_file")  # where it said "reading", only other letters are drawn anew
        person.type(CTRL_C)
        person.sees("interrupted")
        person.answer("Then not.")
        person.sees("I go on.")
        never.open()
        person.answer("exit")

        assert person.leaves() == 0

    assert not (workspace / "a.txt").exists()
    assert last_said(server).endswith("Then not.")


def test_a_long_text_is_written_in_an_editor(workspace: Path) -> None:
    editor = workspace.parent / "editor"
    editor.write_text('#!/bin/sh\nread line < "$1"\nprintf "%s\\nand the end" "$line" > "$1"\n')
    editor.chmod(0o755)
    with (
        ScriptedServer([say("Read.")]) as server,
        chatting(workspace, server.url, EDITOR=str(editor)) as person,
    ):
        person.is_asked()
        person.type(f"the beginning{EDIT}")
        person.sees("and the end")
        person.type("\r")
        person.sees("Read.")
        person.answer("exit")

        assert person.leaves() == 0

    assert last_said(server).endswith("the beginning\nand the end")


def test_what_was_typed_in_an_earlier_chat_is_searched(workspace: Path) -> None:
    with ScriptedServer([say("One."), say("Two."), say("Three.")]) as server:
        with chatting(workspace, server.url) as person:
            person.answer("the first wish")
            person.sees("One.")
            person.answer("another")
            person.sees("Two.")
            person.answer("exit")
            person.leaves()
        with chatting(workspace, server.url) as person:
            person.is_asked()
            person.type(f"{CTRL_R}first")
            person.sees("the first wish")
            person.type("\r\r")
            person.sees("Three.")
            person.answer("exit")

            assert person.leaves() == 0

    assert last_said(server).endswith("the first wish")


def test_a_paste_is_brought_back_whole_also_in_a_later_chat(workspace: Path) -> None:
    pasted = "\n".join(f"line {number}" for number in range(20))
    with ScriptedServer([say("One."), say("Two."), say("Three.")]) as server:
        with chatting(workspace, server.url) as person:
            person.is_asked()
            person.type(f"\x1b[200~{pasted}\x1b[201~")
            person.sees("[paste 1: 20 lines]")
            person.type("\r")
            person.sees("One.")
            person.is_asked()
            person.type(f"{UP}\r")
            person.sees("Two.")
            person.answer("exit")
            person.leaves()
        with chatting(workspace, server.url) as person:
            person.is_asked()
            person.type(UP * 2)  # past `exit`
            person.sees("line 19")
            person.type("\r")
            person.sees("Three.")
            person.answer("exit")

            assert person.leaves() == 0

    assert [last_said(server, number).endswith(pasted) for number in range(3)] == [True] * 3


def test_the_keys_of_vi_move_and_delete(workspace: Path) -> None:
    with ScriptedServer([say("Read.")]) as server, chatting(workspace, server.url, AGENT_KEYS="vi") as person:
        person.is_asked()
        person.type("xhello\x1b0x")
        person.type("A there\r")
        person.sees("Read.")
        person.answer("exit")

        assert person.leaves() == 0

    assert last_said(server).endswith("hello there")


@contextmanager
def at_a_shell(workspace: Path) -> Iterator[Person]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, "bash", "--norc", "--noprofile", "-i"],
        cwd=workspace,
        env={**environment(workspace.parent), "PS1": "shell$ "},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Person(ours, process)
    finally:
        process.kill()
        process.wait(LIMIT_SECONDS)
        os.close(ours)


def test_ctrl_z_in_the_middle_of_a_reply_gives_the_shell_back_and_fg_the_chat(workspace: Path) -> None:
    rest = Gate()
    with (
        ScriptedServer([say("The first half", rest, " and the second.")]) as server,
        at_a_shell(workspace) as person,
    ):
        person.sees("shell$ ")
        person.type(f"{sys.executable} {CLI} --url {server.url} --model m\r")
        person.answer("Tell me.")
        person.sees("The first half")
        person.type(CTRL_Z)
        person.sees("Stopped")
        person.sees("shell$ ")
        person.type("echo be''tween\r")
        person.sees("between")
        rest.open()
        person.type("fg\r")
        person.sees(" and the second.")
        person.answer("exit")
        person.sees("shell$ ")
        person.type("exit\r")

        assert person.leaves() == 0


def test_a_command_of_the_persons_own_runs_beside_a_turn_and_is_told_before_the_next_step(
    workspace: Path,
) -> None:
    asked = Gate()
    script = [slowly(call("read_file", path="a.txt"), asked), say("I see.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Work.")
        person.sees("reading, ")
        person.type("!echo be''side\r")
        person.sees("  beside")
        person.sees("exit code 0")
        asked.open()
        person.sees("I see.")
        person.answer("exit")

        assert person.leaves() == 0

    assert "echo be''side" not in json.dumps(server.requests[0].messages)
    assert "echo be''side" in json.dumps(server.requests[1].messages)


def test_ctrl_c_ends_a_command_that_outlasts_its_turn(workspace: Path) -> None:
    asked = Gate()
    with (
        ScriptedServer([slowly(say("Done."), asked), say("Again.")]) as server,
        chatting(workspace, server.url) as person,
    ):
        person.answer("Work.")
        person.sees("reading, ")
        person.type("!echo be''gun; sleep 300\r")
        person.sees("  begun")
        asked.open()
        person.sees("Done.")
        person.type(CTRL_C)
        person.sees("  stopped")
        person.answer("And now?")
        person.sees("Again.")
        person.answer("exit")

        assert person.leaves() == 0


def test_a_paste_of_megabytes_is_a_chip_and_is_sent_whole(workspace: Path) -> None:
    pasted = f"{'x' * 99}\n" * 20_000
    with (
        ScriptedServer([say("Read.")]) as server,
        chatting(workspace, server.url, AGENT_WINDOW_TOKENS="4000000") as person,
    ):
        person.is_asked()
        person.type_much(f"\x1b[200~{pasted}the end\x1b[201~")
        person.sees("[paste 1: 20,001 lines]")
        person.type("\r")
        person.sees("… 19,981 more lines")
        person.sees("Read.")
        person.answer("exit")

        assert person.leaves() == 0

    assert last_said(server).endswith(f"{pasted}the end")
