"""`roost undo`, on a session that was left."""

import re
from pathlib import Path

import pytest

from boot.commands.running import run
from boot.layers import here
from core.errors import ConfigError, StoreError, UndoRefused
from core.events import ToolFinished, ToolStarted
from core.messages import ToolCall
from core.permissions import Effect
from core.profile import ModelProfile
from store.session_log import SessionHeader, SessionLog
from store.sessions import Sessions
from tests.building import NOW
from tests.undoing import Agent, tree

ID = "20261121-031200-7f3a"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
async def agent(tmp_path: Path) -> Agent:
    """Its session is left after two turns; `log` is closed."""
    root = tmp_path / "notes"
    root.mkdir()
    (root / "a.txt").write_text("alpha\n")
    header = SessionHeader(
        session=ID,
        created=NOW,
        root=str(root),
        model="qwen3",
        system="",
        tools=(),
        profile=ModelProfile(),
        thinking="never",
    )
    log = SessionLog.create(Sessions(here().folders.sessions).path_of(root, ID), header)
    agent = Agent(root, here().folders.checkpoints, ID)
    agent.turn()
    await agent.writes("a.txt", "beta\n")
    await agent.runs(lambda: (root / "b\x1b.txt").write_text("b"))
    agent.turn()
    await agent.writes("a.txt", "gamma\n")
    for event in agent.events:
        log.append(event)
    log.close()
    agent.files.close()
    return agent


def undo(agent: Agent, *arguments: str) -> int:
    return run(["undo", "--workspace", str(agent.root), *arguments])


def test_a_skill_that_was_promoted_since_is_named_for_it_stays(agent: Agent, capsys: Captured) -> None:
    sessions = Sessions(here().folders.sessions)
    log = SessionLog.open(sessions.find(ID))
    call = ToolCall(id="call-9", name="promote_skill", arguments='{"tool_name": "wheel\\u001b"}')
    for event in (ToolStarted(call=call, effect=Effect.WRITE), ToolFinished(call_id="call-9", text="")):
        log.append(event)
    log.close()

    assert undo(agent, "--to", "1") == 0

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Skills stay as they are: wheel␛.",
        "`roost skills remove NAME` takes one off the shelf, in a chat `/skills remove NAME`.",
    ]


def test_the_steps_are_listed_with_what_they_changed(agent: Agent, capsys: Captured) -> None:
    code = undo(agent)

    listed = [re.sub(r"  \d\d:\d\d", "", line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert listed == [
        f"Session {ID}",
        "> go",
        "   1  write_file   ~a.txt",
        "   2  shell   +b\\x1b.txt",
        "> go",
        "   3  write_file   ~a.txt",
    ]


def test_a_preview_shows_and_does_nothing(agent: Agent, capsys: Captured) -> None:
    before = tree(agent.root)

    code = undo(agent, "--to", "1", "--preview")

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "changed a.txt",
        "@@ -1 +1 @@",
        "-gamma",
        "+beta",
        "deleted b\\x1b.txt",
        "@@ -1,2 +0,0 @@",
        "-b",
        "-\\ No newline at end of file",
    ]
    assert tree(agent.root) == before


def test_files_go_to_a_step_and_forward_again(agent: Agent, capsys: Captured) -> None:
    after = tree(agent.root)

    codes = [undo(agent, "--to", "0", "--session", ID[:10])]
    first = tree(agent.root)
    codes.append(undo(agent, "--to", "3"))
    undo(agent, "--to", "3", "--preview")

    assert codes == [0, 0]
    assert sorted(first) == ["a.txt"]
    assert (first["a.txt"][2], tree(agent.root)) == (b"alpha\n", after)
    assert capsys.readouterr().out.splitlines() == [
        "taken back: ~a.txt, -b\\x1b.txt",
        "taken back: ~a.txt, +b\\x1b.txt",
        "The files are as they were after step 3.",
    ]


def test_what_somebody_else_changed_is_refused_and_named(agent: Agent, capsys: Captured) -> None:
    (agent.root / "a.txt").write_text("mine\n")

    with pytest.raises(UndoRefused) as refused:
        undo(agent, "--to", "0")
    undo(agent, "--to", "0", "--preview")
    kept = (agent.root / "a.txt").read_text()
    undo(agent, "--to", "0", "--overwrite")

    assert str(refused.value) == (
        "Nothing was done, for these are not as the agent left them: a.txt: it was changed since. "
        "Look with --preview; --overwrite does it all the same, and can be taken back in turn."
    )
    assert "not as the agent left it: a.txt: it was changed since" in capsys.readouterr().out
    assert (kept, (agent.root / "a.txt").read_text()) == ("mine\n", "alpha\n")


def test_a_session_that_is_not_there_or_in_use_is_named(agent: Agent, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no session 'zzz'"):
        undo(agent, "--session", "zzz")
    log = SessionLog.open(Sessions(here().folders.sessions).newest(agent.root))
    with pytest.raises(StoreError, match="is in use by another process"):
        undo(agent, "--to", "0")
    assert undo(agent) == 0
    log.close()


def test_a_step_that_is_not_there_is_named(agent: Agent) -> None:
    for step in ("9", "-1"):
        with pytest.raises(UndoRefused, match=f"There is no step {step}. There are steps 1 to 3"):
            undo(agent, "--to", step)
