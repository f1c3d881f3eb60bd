import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.events import Event, ModelReplied, ToolFinished, TurnStarted
from core.messages import AssistantMessage, Text, UserMessage
from core.profile import ModelProfile
from store.session_log import SessionHeader, SessionLog
from store.sessions import Sessions, SessionSummary, new_session_id, workspace_slug

AT = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)


def ask(text: str) -> TurnStarted:
    return TurnStarted(prompt=UserMessage(text=text))


def answer(text: str) -> ModelReplied:
    return ModelReplied(reply=AssistantMessage(parts=(Text(text=text),)))


def keep(sessions: Sessions, workspace: Path, session: str, *events: Event, used: datetime = AT) -> Path:
    """A session of `workspace` that was last written to at `used`."""
    header = SessionHeader(
        session=session,
        created=AT,
        root=str(workspace),
        model="qwen3",
        system="",
        tools=(),
        profile=ModelProfile(),
        thinking="never",
    )
    log = SessionLog.create(sessions.path_of(workspace, session), header, clock=lambda: AT)
    for event in events or (ask("Hello"),):
        log.append(event)
    log.close()
    os.utime(log.path, (used.timestamp(), used.timestamp()))
    return log.path


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "sessions")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "my notes").mkdir()
    return tmp_path / "my notes"


def test_ids_sort_by_time() -> None:
    ids = [new_session_id(AT + timedelta(seconds=step), token) for step, token in ((0, "ff00"), (1, "00ff"))]

    assert ids == ["20261121-031200-ff00", "20261121-031201-00ff"]


def test_a_workspace_s_folder_is_readable_and_its_own(tmp_path: Path) -> None:
    (tmp_path / "a" / "notes (old)").mkdir(parents=True)
    (tmp_path / "b" / "notes (old)").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "notes (old)")

    first, second, linked, root = (
        workspace_slug(path)
        for path in (
            tmp_path / "a" / "notes (old)",
            tmp_path / "b" / "notes (old)",
            tmp_path / "link",
            Path("/"),
        )
    )

    assert first.startswith("notes--old-")
    assert root.startswith("root-")
    assert (first != second, first[-8:] == linked[-8:]) == (True, True)


def test_the_newest_session_is_the_one_used_last_here(
    sessions: Sessions, notes: Path, tmp_path: Path
) -> None:
    old = keep(sessions, notes, "20261121-031200-aaaa", used=AT + timedelta(hours=2))
    keep(sessions, notes, "20261121-041200-bbbb", used=AT + timedelta(hours=1))
    keep(sessions, tmp_path, "20261121-051200-cccc", used=AT + timedelta(hours=3))

    assert sessions.newest(notes) == old


def test_a_damaged_session_is_not_the_newest_and_not_listed(sessions: Sessions, notes: Path) -> None:
    good = keep(sessions, notes, "20261121-031200-aaaa")
    bad = keep(sessions, notes, "20261121-041200-bbbb", used=AT + timedelta(hours=1))
    bad.write_bytes(b'{"form')
    os.utime(bad, (AT.timestamp() + 60, AT.timestamp() + 60))

    assert sessions.newest(notes) == good
    assert [summary.session for summary in sessions.summaries()] == ["20261121-031200-aaaa"]


def test_without_a_session_there_is_nothing_to_continue(sessions: Sessions, notes: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        sessions.newest(notes)

    assert (
        str(caught.value)
        == f"There is no session in {str(notes)!r} to continue. Start one without --continue."
    )


def test_a_session_is_found_by_how_it_alone_begins(sessions: Sessions, notes: Path, tmp_path: Path) -> None:
    first = keep(sessions, notes, "20261121-031200-aaaa")
    second = keep(sessions, tmp_path, "20261122-031200-bbbb")

    assert [sessions.find(wanted) for wanted in ("20261121-031200-aaaa", "20261122")] == [first, second]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "2026112",
            "2 sessions begin with '2026112'. Which one: 20261121-031200-aaaa, 20261122-031200-bbbb?",
        ),
        (
            "20261121-031200-aaab",
            "There is no session '20261121-031200-aaab'. Did you mean 20261121-031200-aaaa",
        ),
        ("zzz", "There is no session 'zzz'. roost sessions --all lists them."),
        ("", "There is no session ''. roost sessions --all lists them."),
        ("../../etc/passwd", "There is no session '../../etc/passwd'. roost sessions --all lists them."),
    ],
)
def test_an_id_that_is_not_clear_is_answered_with_the_closest(
    sessions: Sessions, notes: Path, wanted: str, message: str
) -> None:
    keep(sessions, notes, "20261121-031200-aaaa")
    keep(sessions, notes, "20261122-031200-bbbb")

    with pytest.raises(ConfigError) as caught:
        sessions.find(wanted)

    assert str(caught.value).startswith(message)


def test_a_summary_says_what_a_session_was_about(sessions: Sessions, notes: Path) -> None:
    words = "Please read\n  every file of this folder and tell me what it is that they say."
    trap = ToolFinished(call_id="c", text='"event":{"type":"turn_started"')
    path = keep(
        sessions, notes, "20261121-031200-aaaa", ask(words), trap, answer("Done."), ask("Thanks"), used=AT
    )

    assert list(sessions.summaries(notes)) == [
        SessionSummary(
            session="20261121-031200-aaaa",
            path=path,
            root=str(notes),
            model="qwen3",
            created=AT,
            used=AT,
            title="Please read every file of this folder and tell me what it i…",
            turns=2,
        )
    ]


def test_prompts_and_replies_are_searched_and_tool_results_are_not(
    sessions: Sessions, notes: Path, tmp_path: Path
) -> None:
    keep(
        sessions,
        notes,
        "20261121-031200-aaaa",
        ask("Where is the Straße?"),
        ToolFinished(call_id="c", text="a goose"),
    )
    keep(sessions, tmp_path, "20261121-041200-bbbb", ask("Hello"), answer('A "Goose" and\na crane.'))

    found = {
        words: [(passage.summary.session[-4:], passage.text) for passage in sessions.search(words.split())]
        for words in ("goose CRANE", "STRASSE", "goose hello", '"goose"')
    }

    goose = [("bbbb", 'A "Goose" and a crane.')]
    assert found == {
        "goose CRANE": goose,
        "STRASSE": [("aaaa", "Where is the Straße?")],
        "goose hello": [],
        '"goose"': goose,
    }
    assert list(sessions.search(["goose"], notes)) == []


def test_a_passage_shows_the_words_in_their_surroundings(sessions: Sessions, notes: Path) -> None:
    keep(sessions, notes, "20261121-031200-aaaa", ask(f"{'x' * 200} a goose {'y' * 200}"))

    (passage,) = sessions.search(["goose"])

    assert passage.text == f"…{'x' * 27} a goose {'y' * 23}…"
