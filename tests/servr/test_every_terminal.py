"""The chat in terminals of every kind, and in the place of none; and what a person can do at every moment."""

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scripted_server import Gate, ScriptedServer, Spoken, call, dropped, refuse, say
from tests.scripted_server.replies import slowly
from tests.servr.person import CLI, CTRL_C, LIMIT_SECONDS, chatting, environment

pytestmark = [pytest.mark.server, pytest.mark.slow]

COLOUR = re.compile(r"\x1b\[(?:[\d;]*;)?(?:3[0-7]|9[0-7]|38;[25];[\d;]+)m")
HOSTILE = "red\x1b[31m title\x1b]0;owned\x07 clear\x1b[2J\x9b2J back\rforth \x1b]52;c;aGk=\x07 \u202eend"
FULL = ("--permission", "full", "--sandbox", "external")


@pytest.mark.parametrize(
    ("phase", "seen"),
    [
        ("prefill", "reading, "),
        ("thinking", "thinking, "),
        ("text", "I begin"),
    ],
)
def test_ctrl_c_ends_a_turn_in_every_phase_of_a_reply(workspace: Path, phase: str, seen: str) -> None:
    never = Gate()
    replies: dict[str, Spoken] = {
        "prefill": slowly(say("Late."), never),
        "thinking": say(never, "Late.", thinking=["Hm, let me see."]),
        "text": say("I begin", never, " late."),
    }
    with (
        ScriptedServer([replies[phase], say("I go on.")]) as server,
        chatting(workspace, server.url) as person,
    ):
        person.answer("Work.")
        person.sees(seen)
        person.type("draft")
        person.sees("draft")
        person.type(CTRL_C)
        person.sees("interrupted")
        person.is_asked()
        person.type(", kept\r")
        person.sees("I go on.")
        never.open()
        person.answer("exit")

        assert person.leaves() == 0

    assert server.requests[1].messages[-1]["content"].endswith("draft, kept")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["y", "y"], "allowed (once)"),
        (["s"], "allowed (session)"),
        (["a"], "allowed (always)"),
        (["n, because it is late", "n"], "refused: it is late"),
        (["maybe", "y", "n"], "Answer one of y/s/a/n"),
    ],
)
def test_each_answer_to_a_question_reaches_as_far_as_it_says(
    workspace: Path, answers: list[str], told: str
) -> None:
    script = [call("shell", command="true"), call("shell", command="true"), say("So be it.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Run it, twice.")
        for answer in answers:
            person.answer(answer)
        person.sees("So be it.")
        person.answer("exit")

        assert person.leaves() == 0

    assert told in person.screen
    said = [message["content"] for message in server.requests[2].messages if message["role"] == "tool"]
    refused = [answer.startswith("n") for answer in answers if answer != "maybe"]
    assert ["The user said no" in text for text in said] == (refused * 2)[:2]


@pytest.mark.parametrize("size", [(24, 80), (40, 200), (10, 20), (5, 12)])
def test_a_chat_fits_a_terminal_of_any_size(workspace: Path, size: tuple[int, int]) -> None:
    script = [call("shell", command="seq 1 100"), say("# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nDone.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url, *FULL, size=size) as person:
        person.answer("Count.")
        person.sees("Done.")
        person.answer("exit")

        assert person.leaves() == 0


def test_a_terminal_may_change_its_size_while_a_reply_streams(workspace: Path) -> None:
    first, second = Gate(), Gate()
    script = [say("Before. ", first, "Between. ", second, "After.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Tell me.")
        person.sees("Before.")
        person.type("half a line")
        person.sees("half a line")
        person.resizes(12, 30)
        person.sees("half a line")
        first.open()
        person.sees("Between.")
        person.resizes(50, 160)
        person.sees("half a line")
        second.open()
        person.sees("After.")
        person.is_asked()
        person.type(CTRL_C)
        person.answer("exit")

        assert person.leaves() == 0


def test_the_colours_follow_the_background_that_the_terminal_tells(workspace: Path) -> None:
    script = [call("edit_file", path="a.txt", old="one", new="two"), say("Done.")]
    (workspace / "a.txt").write_text("one\n")
    with ScriptedServer(script) as server, chatting(workspace, server.url, *FULL) as person:
        person.is_asked()
        person.type("Change")
        person.sees("Change")
        person.type("\x1b]11;rgb:ffff/ff")
        person.type("ff/ffff\x1b\\ it.\r")
        person.sees("Done.")
        person.answer("exit")

        assert person.leaves() == 0

    assert "\x1b]11;?\x07" in person.raw
    assert server.requests[0].messages[-1]["content"].endswith("Change it.")
    assert "\x1b[38;5;22m" in person.raw


def test_without_colour_nothing_is_coloured(workspace: Path) -> None:
    script = [call("edit_file", path="a.txt", old="one", new="two"), say("**Done** with `it`.")]
    (workspace / "a.txt").write_text("one\n")
    with ScriptedServer(script) as server, chatting(workspace, server.url, *FULL, NO_COLOR="1") as person:
        person.answer("Change it.")
        person.sees("Done")
        person.answer("exit")

        assert person.leaves() == 0

    assert COLOUR.findall(person.raw) == []


def test_a_simple_terminal_gets_plain_lines(workspace: Path) -> None:
    with ScriptedServer([say("**Done.**")]) as server, chatting(workspace, server.url, TERM="dumb") as person:
        person.sees("> ")
        person.type("Do it.\r")
        person.sees("**Done.**")
        person.sees("> ")
        person.type("exit\r")

        assert person.leaves() == 0

    assert "\x1b]" not in person.raw
    assert "\x1b[?2026h" not in person.raw


def test_a_pipe_gets_plain_lines_and_gives_them(workspace: Path) -> None:
    with ScriptedServer([say("First."), say("Second.")]) as server:
        ran = subprocess.run(
            [sys.executable, str(CLI), "--url", server.url, "--model", "m", "--workspace", str(workspace)],
            input="one\n/help model\ntwo\n",
            env=environment(workspace.parent),
            cwd=workspace,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "First.\n" in ran.stdout
    assert "/model [NAME]" in ran.stdout
    assert "Second.\n" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_what_commands_a_terminal_is_shown_and_not_obeyed(workspace: Path) -> None:
    script = [
        call("shell", command="printf 'x\\033]0;owned\\007\\033[2Jy\\n'"),
        say("Said: ", *HOSTILE, thinking=[HOSTILE]),
    ]
    with ScriptedServer(script) as server, chatting(workspace, server.url, *FULL) as person:
        person.answer("Attack.")
        person.sees("end")
        person.is_asked()
        person.type("\x1b[200~" + "pasted \x1b[2J\x07\x1b[201~")
        person.sees("pasted ")
        person.type(CTRL_C)
        person.answer("exit")

        assert person.leaves() == 0

    assert [
        bad
        for bad in ("\x1b]0;", "\x1b[2J", "\x9b", "\x1b]52", "\u202e", "\x1b[31m title")
        if bad in person.raw
    ] == []
    assert "␛[2J" in person.screen


def test_a_server_that_dies_ends_the_turn_and_the_chat_goes_on(workspace: Path) -> None:
    busy = refuse(429, "Too many requests.", retry_after="100")
    with ExitStack() as both, ExitStack() as alive:
        server = alive.enter_context(ScriptedServer([dropped(say("Half of")), say("All of it."), busy]))
        person = both.enter_context(chatting(workspace, server.url))
        person.answer("Tell me.")
        person.sees("broke in the middle")
        person.sees("All of it.")
        person.answer("And now?")
        person.sees("asking again in 100 s")
        person.type(CTRL_C)
        person.sees("interrupted")
        person.is_asked()
        alive.close()
        person.type("Are you there?\r")
        person.sees("asking again in")
        person.type(CTRL_C)  # or at the prompt, where it has asked for the last time
        person.answer("exit")

        assert person.leaves() == 0


def test_a_signal_to_end_leaves_the_terminal_as_it_was(workspace: Path) -> None:
    never = Gate()
    with ScriptedServer([say("I begin", never)]) as server, chatting(workspace, server.url) as person:
        person.answer("Work.")
        person.sees("I begin")
        person.process.terminate()

        assert person.leaves() == 0
        never.open()

    assert person.raw.endswith("\x1b[?1004l") or "\x1b[?2004l" in person.raw[-400:]
    assert "interrupted" in person.screen
