"""What every `core.protocols.SessionLog` promises; a new implementation joins `LOGS`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.conversation import Conversation
from core.events import Event, ModelReplied, Outcome, Record, ToolFinished, TurnFinished, TurnStarted
from core.messages import AssistantMessage, Finish, Text, ToolCall, UserMessage
from core.profile import ModelProfile
from core.protocols import SessionLog
from core.views import FileWindow
from store.session_log import SessionHeader
from store.session_log import SessionLog as FileLog

BEGAN = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)

HEADER = SessionHeader(
    session="20261121-031200-7f3a",
    created=BEGAN,
    root="/work",
    model="qwen",
    system="You are a careful programmer.",
    tools=(),
    profile=ModelProfile(),
    thinking="never",
)

CALL = ToolCall(id="call-1", name="read_file", arguments='{"path": "a.txt"}', extra={"signature": "x\u2028y"})
WINDOW = FileWindow(path="a.txt", start=1, lines=("α", "\u2029"), total_lines=2, digest="00")
TURN: tuple[Event, ...] = (
    TurnStarted(prompt=UserMessage(text='Read a.txt\nplease: "now" 🐦', head="AGENTS.md")),
    ModelReplied(reply=AssistantMessage(parts=(Text(text="Well."), CALL), finish=Finish.CALLS)),
    ToolFinished(call_id="call-1", text="     1  α", view=WINDOW),
    ModelReplied(reply=AssistantMessage(parts=(Text(text="It says α."),))),
    TurnFinished(outcome=Outcome.DONE, evidence=("pytest: 3 passed",)),
)


def ticking() -> Callable[[], datetime]:
    """A clock that is a second and a bit later each time it is asked."""
    times = (BEGAN + timedelta(seconds=count, microseconds=123_456) for count in range(10_000))
    return lambda: next(times)


Make = Callable[[Path], SessionLog]
LOGS: dict[str, Make] = {"file": lambda folder: FileLog.create(folder / "log.jsonl", HEADER, ticking())}


@pytest.fixture(params=LOGS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> SessionLog:
    return LOGS[request.param](tmp_path)


def test_what_was_appended_is_read_back_equal_and_in_order(log: SessionLog) -> None:
    appended = [log.append(event) for event in TURN]

    assert list(log.records()) == appended
    assert [record.event for record in appended] == list(TURN)
    assert [record.seq for record in appended] == [1, 2, 3, 4, 5]
    log.close()


def test_reading_can_begin_after_any_record(log: SessionLog) -> None:
    appended = [log.append(event) for event in TURN]

    assert [list(log.records(after)) for after in range(7)] == [appended[after:] for after in range(7)]
    log.close()


def test_a_log_without_events_has_no_records(log: SessionLog) -> None:
    log.sync()

    assert list(log.records()) == []
    log.close()


def test_reading_goes_on_beside_writing(log: SessionLog) -> None:
    first = log.append(TURN[0])
    reading = log.records()
    seen: list[Record] = [next(reading)]

    second = log.append(TURN[1])
    log.sync()

    assert [*seen, *log.records(after=1)] == [first, second]
    log.close()


def test_replaying_the_log_gives_the_conversation(log: SessionLog) -> None:
    conversation = Conversation()
    for event in TURN:
        conversation.apply(event)
        log.append(event)

    assert Conversation.replay(record.event for record in log.records()) == conversation
    log.close()
