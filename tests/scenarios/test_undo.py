"""Undo in whole sessions: what a model did by tools and commands, taken back by a person, and what the model hears."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from boot.paths import user_folders
from boot.settings import Settings
from boot.wiring import Choice, Opened, open_session
from core.conversation import Conversation
from core.events import FilesChanged, FilesRestored, NoteAdded, Outcome, RestoreBegan, TurnFinished
from flow.undo import Wish
from store.session_log import read_records
from store.sessions import Sessions
from tests.processes import wait_until
from tests.scenarios.conftest import CLI, LIMIT_SECONDS
from tests.scripted_server import ScriptedServer, call, calls, kept, prefix_breaks, say
from tests.undoing import tree

pytestmark = [pytest.mark.server]

OURS = (".git", ".roost")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "a.txt").write_text("alpha\n")
    (folder / "b.txt").write_text("beta\n")
    return folder


@pytest.fixture
def settings(workspace: Path) -> Settings:
    return Settings(model="m", workspace=str(workspace), permission="full", sandbox="external")


async def overwrite(conflicts: Sequence[str]) -> Wish:
    return "overwrite"


async def nobody_is_asked(conflicts: Sequence[str]) -> Wish:
    raise AssertionError(f"asked about {conflicts}")


def replayed(opened: Opened) -> bool:
    events = [record.event for record in opened.session.log.records()]
    return Conversation.replay(events) == opened.session.conversation


async def test_a_turn_of_tools_and_commands_is_taken_back_and_the_model_is_told(
    settings: Settings, workspace: Path
) -> None:
    before = tree(workspace, without=OURS)
    script = [
        call("read_file", path="a.txt"),
        calls(
            ("edit_file", {"path": "a.txt", "old": "alpha", "new": "ALPHA"}),
            ("write_file", {"path": "new/c.txt", "content": "c"}),
        ),
        call("shell", command="rm b.txt; mkdir made; ln -s a.txt made/link; chmod +x a.txt"),
        call("pyexe", code="open('p.txt', 'w').write('p')"),
        say("Done."),
        say("I see."),
    ]
    with ScriptedServer(script) as server:
        async with open_session(replace(settings, model_url=server.url)) as opened:
            await opened.session.send("go")
            after = tree(workspace, without=OURS)
            await opened.undo().back(nobody_is_asked)
            taken_back = tree(workspace, without=OURS)
            await opened.undo().forward(nobody_is_asked)
            brought_back = tree(workspace, without=OURS)
            await opened.undo().back(nobody_is_asked)
            await opened.session.send("What do you see?")
            assert replayed(opened)

    assert taken_back == before == tree(workspace, without=OURS)
    assert brought_back == after
    told = json.dumps(server.requests[-1].messages)
    assert "a.txt, b.txt (is there again), made/link (removed)" not in json.dumps(
        server.requests[-2].messages
    )
    for said in ("'a.txt'", "'b.txt' (is there again)", "'new/c.txt' (removed)", "'p.txt' (removed)"):
        assert said in told
    assert prefix_breaks(server.requests) == []


async def test_an_undo_is_told_to_a_model_that_goes_on_later(settings: Settings, workspace: Path) -> None:
    script = [call("write_file", path="c.txt", content="c"), say("Done."), say("I see."), say("Yes.")]
    with ScriptedServer(script) as server:
        at = replace(settings, model_url=server.url)
        async with open_session(at) as opened:
            await opened.session.send("go")
            session = opened.session.id
        async with open_session(at, Choice(resume=session)) as opened:
            await opened.undo().back(nobody_is_asked)
        async with open_session(at, Choice(resume=session)) as opened:
            await opened.session.send("Well?")
            await opened.session.send("Again?")
            events = [record.event for record in opened.session.log.records()]

    notes = [event for event in events if isinstance(event, NoteAdded)]
    assert [note.source for note in notes] == ["undo"]
    assert "'c.txt' (removed)" in notes[0].text
    assert "'c.txt' (removed)" in json.dumps(server.requests[2].messages)
    assert prefix_breaks(server.requests) == []


async def test_a_rewound_conversation_keeps_its_beginning(settings: Settings, workspace: Path) -> None:
    script = [
        call("write_file", path="c.txt", content="c"),
        say("Made it."),
        call("edit_file", path="c.txt", old="c", new="d"),
        say("Changed it."),
        call("write_file", path="c.txt", content="e"),
        say("Now it is e."),
    ]
    with ScriptedServer(script) as server:
        async with open_session(replace(settings, model_url=server.url)) as opened:
            await opened.session.send("one")
            await opened.session.send("two")
            await opened.undo().rewind(2, nobody_is_asked)
            at_two = (workspace / "c.txt").read_text()
            assert replayed(opened)
            await opened.session.send("three")
            assert replayed(opened)
            session = opened.session.id
        async with open_session(replace(settings, model_url=server.url), Choice(resume=session)) as opened:
            assert replayed(opened)
            said = [message.text for message in opened.session.conversation.messages]

    assert at_two == "c"
    assert (workspace / "c.txt").read_text() == "e"
    third = server.requests[4]
    assert kept(server.requests[1], third) == 1
    assert "Changed it." not in json.dumps(third.messages)
    assert said[0], said[-1] == ("one", "Now it is e.")


async def test_a_command_that_is_interrupted_can_be_taken_back(settings: Settings, workspace: Path) -> None:
    before = tree(workspace, without=OURS)
    os.mkfifo(workspace / "pipe")
    script = [call("shell", command="echo made > c.txt; rm a.txt; echo > pipe; sleep 300")]
    with ScriptedServer(script) as server:
        async with open_session(replace(settings, model_url=server.url)) as opened:
            running = asyncio.ensure_future(opened.session.send("go"))
            await asyncio.to_thread((workspace / "pipe").read_text)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            events = [record.event for record in opened.session.log.records()]
            await opened.undo().back(nobody_is_asked)

    (workspace / "pipe").unlink()
    assert events[-1] == TurnFinished(outcome=Outcome.INTERRUPTED)
    (changed,) = (event for event in events if isinstance(event, FilesChanged))
    assert (changed.certain, [change.path for change in changed.changes]) == (True, ["a.txt", "c.txt"])
    assert tree(workspace, without=OURS) == before


def started(environment: Mapping[str, str], workspace: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(CLI), *arguments, "--workspace", str(workspace)]
    return subprocess.Popen(
        command,
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(environment: Mapping[str, str], workspace: Path, *arguments: str) -> tuple[int, str, str]:
    process = started(environment, workspace, *arguments)
    out, err = process.communicate(timeout=LIMIT_SECONDS)
    return process.returncode, out, err


def logged(environment: Mapping[str, str], workspace: Path) -> list[object]:
    path = Sessions(user_folders(environment).sessions).newest(workspace)
    return [record.event for record in read_records(path)]


@pytest.mark.slow
@pytest.mark.parametrize("goes_on", [True, False])
def test_what_a_killed_agent_had_done_is_found_and_asked_about(
    environment: Mapping[str, str], workspace: Path, *, goes_on: bool
) -> None:
    before = tree(workspace, without=OURS)
    command = "echo made > c.txt; rm a.txt; mkfifo pipe; cat pipe"
    flags = ("--model", "m", "--permission", "full", "--sandbox", "external")
    with ScriptedServer([call("shell", command=command), say("Still here.")]) as server:
        process = started(environment, workspace, "-p", "go", "--url", server.url, *flags)
        wait_until((workspace / "pipe").exists, process)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT_SECONDS)
        if goes_on:  # the session goes on, or files are put back at once: both find it out
            code, _, err = ran(
                environment, workspace, "--continue", "-p", "and?", "--url", server.url, *flags
            )
            assert (code, "The last turn was cut off." in err) == (0, True)
        refused, _, why = ran(environment, workspace, "undo", "--to", "0")
        code, out, _ = ran(environment, workspace, "undo", "--to", "0", "--overwrite")

    (workspace / "pipe").unlink()
    (changed,) = (event for event in logged(environment, workspace) if isinstance(event, FilesChanged))
    assert not changed.certain
    assert (refused, code) == (1, 0)
    assert "a.txt: somebody else may have changed it too" in why
    assert "taken back: +a.txt, -c.txt" in out
    assert tree(workspace, without=OURS) == before


@pytest.mark.slow
def test_an_undo_that_is_killed_half_way_is_carried_out_by_the_next(
    environment: Mapping[str, str], workspace: Path
) -> None:
    (workspace / "many").mkdir()
    for number in range(300):
        (workspace / "many" / f"{number}.txt").write_text(f"{number}\n")
    before = tree(workspace, without=OURS)
    script = [call("shell", command="rm many/*; echo x > a.txt"), say("Done.")]
    flags = ("--model", "m", "--permission", "full", "--sandbox", "external")
    with ScriptedServer(script) as server:
        assert ran(environment, workspace, "-p", "go", "--url", server.url, *flags)[0] == 0
    process = started(environment, workspace, "undo", "--to", "0")
    wait_until(lambda: any((workspace / "many").iterdir()), process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT_SECONDS)

    code, _, err = ran(environment, workspace, "undo", "--to", "0")

    assert (code, err) == (0, "")
    assert tree(workspace, without=OURS) == before
    kinds = [
        type(event)
        for event in logged(environment, workspace)
        if isinstance(event, RestoreBegan | FilesRestored)
    ]
    assert kinds[:2] == [RestoreBegan, FilesRestored]
