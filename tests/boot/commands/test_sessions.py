import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from boot.commands.running import run
from boot.commands.sessions import age
from boot.layers import here
from core.errors import ConfigError, StoreError
from core.events import ModelReplied, Outcome, ToolFinished, ToolStarted, TurnFinished, TurnStarted
from core.messages import AssistantMessage, Text, ToolCall, UserMessage
from core.permissions import Effect
from core.profile import ModelProfile
from store.session_log import SessionHeader, SessionLog
from store.sessions import Sessions

AT = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
ID = "20261121-031200-7f3a"
CALL = ToolCall(id="call-1", name="read_file", arguments='{"path":"a.txt"}')
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with one session of one turn."""
    folder = tmp_path.resolve() / "notes"
    folder.mkdir()
    header = SessionHeader(
        session=ID,
        created=AT,
        root=str(folder),
        model="qwen3",
        system="",
        tools=(),
        profile=ModelProfile(),
        thinking="never",
    )
    path = Sessions(here().folders.sessions).path_of(folder, ID)
    log = SessionLog.create(path, header, clock=lambda: AT)
    log.append(TurnStarted(prompt=UserMessage(text="Read a.txt")))
    log.append(ModelReplied(reply=AssistantMessage(parts=(Text(text="I look."), CALL))))
    log.append(ToolStarted(call=CALL, effect=Effect.READ))
    log.append(ToolFinished(call_id="call-1", text="     1  alpha\x1b[31m\n     2  beta"))
    log.append(TurnFinished(outcome=Outcome.STUCK, note="It did not go on."))
    log.close()
    return folder


def test_sessions_are_listed_in_their_own_workspace(
    workspace: Path, tmp_path: Path, capsys: Captured
) -> None:
    codes = [run(["sessions", "--workspace", str(folder)]) for folder in (workspace, tmp_path)]

    here_, elsewhere = capsys.readouterr().out.splitlines()
    assert codes == [0, 0]
    assert here_.split()[0] == ID
    assert here_.endswith("1 turn     Read a.txt")
    assert elsewhere == f"There is no session in {tmp_path}. --all lists those of other folders."


@pytest.mark.parametrize(
    "arguments", [["--all"], ["list", "--all"], ["--all", "list"], ["--all", "search", "I", "LOOK"]]
)
def test_all_sessions_are_shown_with_their_folder(
    workspace: Path, tmp_path: Path, capsys: Captured, arguments: list[str]
) -> None:
    code = run(["sessions", "--workspace", str(tmp_path), *arguments])

    assert code == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(f"Read a.txt  [{workspace}]")


def test_a_search_shows_the_place_and_answers_1_when_there_is_none(workspace: Path, capsys: Captured) -> None:
    found = run(["sessions", "search", "--workspace", str(workspace), "look"])
    shown = capsys.readouterr().out.splitlines()
    nothing = run(["sessions", "--workspace", str(workspace), "search", "alpha"])

    assert (found, nothing) == (0, 1)
    assert shown[1] == "    I look."
    assert (
        capsys.readouterr().out == "No session speaks of that. --all searches those of other folders too.\n"
    )


def test_a_session_is_shown_without_what_a_terminal_would_obey(workspace: Path, capsys: Captured) -> None:
    run(["sessions", "show", ID[:10]])

    assert capsys.readouterr().out == (
        f"Session {ID}, {workspace}, qwen3\n\n> Read a.txt\n\nI look.\n● read_file a.txt\n"
        "       1  alpha␛[31m\n       2  beta\nstuck: It did not go on.\n"
    )


def test_a_session_is_exported_to_stdout_or_to_a_new_file(
    workspace: Path, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "session.md"

    run(["sessions", "export", ID])
    printed = capsys.readouterr().out
    run(["sessions", "export", ID, "--output", str(file)])

    assert printed.startswith(f"# Session {ID}\n")
    assert file.read_text(encoding="utf-8") == printed
    with pytest.raises(ConfigError, match="is there already"):
        run(["sessions", "export", ID, "--output", str(file)])
    with pytest.raises(StoreError, match="cannot be written: No such file or directory"):
        run(["sessions", "export", ID, "--output", str(tmp_path / "no" / "x.md")])


@pytest.mark.parametrize(
    "flags", [["-o", "session.html"], ["-o", "x.txt", "--format", "html"], ["--format", "html"]]
)
def test_a_session_is_exported_as_a_page_where_that_is_wished(
    flags: list[str], workspace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)

    run(["sessions", "export", ID, *flags])

    printed = capsys.readouterr().out
    page = (tmp_path / flags[1]).read_text(encoding="utf-8") if "-o" in flags else printed
    assert page.startswith("<!doctype html>")
    assert ID in page


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(days=2, hours=3), "2 days ago"),
        (timedelta(seconds=-5), "just now"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(passed: timedelta, said: str) -> None:
    assert age(AT + passed, AT) == said


def test_a_log_line_is_the_record_that_headless_runs_print(workspace: Path) -> None:
    path = Sessions(here().folders.sessions).find(ID)

    last = json.loads(path.read_text().splitlines()[-1])

    assert last == {
        "session": ID,
        "seq": 5,
        "at": "2026-11-21T03:12:00.000Z",
        "event": {"type": "turn_finished", "outcome": "stuck", "note": "It did not go on.", "evidence": []},
    }
