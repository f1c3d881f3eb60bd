"""What every `core.protocols.Reader` promises; a new surface joins `READERS`."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import pytest

from core.deltas import (
    CacheLostDelta,
    CallDelta,
    FinishDelta,
    ProgressDelta,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
)
from core.events import (
    ContextShrunk,
    Event,
    FilesChanged,
    FilesNotKept,
    FilesRestored,
    ModelDelta,
    ModelReplied,
    ModelSwitched,
    NoteAdded,
    Outcome,
    PermissionAnswered,
    PermissionAsked,
    Record,
    ReplyMended,
    RestoreBegan,
    Rewound,
    SummaryAsked,
    ToolFinished,
    ToolProgressed,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    WorkSentBack,
)
from core.messages import AssistantMessage, Finish, Text, ToolCall, ToolStatus, UserMessage
from core.permissions import Approval, Effect
from core.protocols import Reader
from servr.headless import JsonLines, Progress
from servr.terminal.reader import TerminalReader
from servr.terminal.screen import Screen
from servr.themes import theme_for

AT = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
CALL = ToolCall(id="call-1", name="read_file", arguments='{"path": "a.txt')

EVENTS: tuple[Event, ...] = (
    TurnStarted(prompt=UserMessage(text="Read a.txt")),
    ModelDelta(delta=ProgressDelta(processed_tokens=10, total_tokens=20)),
    ModelDelta(delta=CacheLostDelta(lost_tokens=900, changed=2)),
    ModelDelta(delta=ThinkingDelta(text="Look first.")),
    ModelDelta(delta=TextDelta(text="I lo")),
    ModelDelta(delta=RestartDelta(reason="The stream broke.", wait_seconds=0.5)),
    ModelDelta(delta=TextDelta(text="I look. \x1b[31m\ud800")),
    ModelDelta(delta=CallDelta(index=0, name="read_file")),
    ModelDelta(delta=FinishDelta(finish=Finish.CALLS)),
    ReplyMended(what="closed a brace"),
    ModelReplied(reply=AssistantMessage(parts=(Text(text="I look. "), CALL), finish=Finish.CALLS)),
    PermissionAsked(call=CALL, reason="it reads"),
    PermissionAnswered(call_id="call-1", approval=Approval(allowed=True)),
    ToolStarted(call=CALL, effect=Effect.READ),
    ToolProgressed(call_id="call-1", text="half of it"),
    ToolFinished(call_id="call-1", text="", status=ToolStatus.FAILED),
    NoteAdded(source="steering", text="Stop."),
    WorkSentBack(feedback="2 tests fail"),
    SummaryAsked(reason="the window is full"),
    ContextShrunk(reason="the window is full", messages=()),
    ModelSwitched(model="phi"),
    FilesChanged(call_id="call-1", changes=()),
    FilesNotKept(files=("big.bin: it is too large",)),
    RestoreBegan(reason="undo", to=1, changes=()),
    FilesRestored(reason="undo", to=1, changes=()),
    Rewound(to=1, kept=1),
    TurnFinished(outcome=Outcome.STUCK, note="It did not go on.", evidence=("pytest: 3 passed",)),
)


def stdout() -> io.TextIOWrapper:
    """As surfaces set theirs up: half a character, which has no UTF-8 form, must not end a session."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace")


READERS: dict[str, Callable[[], Reader]] = {
    "json lines": lambda: JsonLines(stdout(), passing=True),
    "progress": lambda: Progress(stdout()),
    "terminal": lambda: TerminalReader(Screen(stdout(), theme_for("dark", {"TERM": "xterm"}, terminal=True))),
}


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> Reader:
    return READERS[request.param]()


def record(event: Event) -> Record:
    return Record(session="s", seq=1, at=AT, event=event)


def test_the_sample_has_every_event_and_every_delta() -> None:
    deltas = {type(event.delta) for event in EVENTS if isinstance(event, ModelDelta)}

    assert {type(event) for event in EVENTS} == set(get_args(Event))
    assert deltas == set(get_args(ModelDelta.__annotations__["delta"]))


async def test_a_reader_takes_a_turn_with_every_event_there_is(reader: Reader) -> None:
    for event in EVENTS:
        await reader(record(event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
async def test_a_reader_may_come_in_at_any_event(reader: Reader, event: Event) -> None:
    await reader(record(event))


async def test_a_reader_that_missed_the_passing_events_takes_the_durable_ones(reader: Reader) -> None:
    for event in EVENTS:
        if event.durable:
            await reader(record(event))
