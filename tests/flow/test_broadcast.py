"""A reader never slows a session, and never misses a durable event."""

import asyncio

import pytest

from core.deltas import CallDelta, Delta, TextDelta, ThinkingDelta
from core.events import Event, ModelDelta, NoteAdded, Record, ToolProgressed
from core.protocols import Reader
from flow.broadcast import QUEUE_LENGTH, Subscription
from flow.joining import joined
from tests.building import NOW, MemoryLog


async def test_what_did_not_fit_the_queue_is_read_back_from_the_log() -> None:
    log, seen, gate = MemoryLog(), list[int](), asyncio.Event()

    async def slow(record: Record) -> None:
        await gate.wait()
        seen.append(record.seq)

    subscription = Subscription(slow, log.records)
    for number in range(QUEUE_LENGTH + 500):
        subscription.tell(log.append(NoteAdded(source="test", text=str(number))))
    gate.set()
    await subscription.drained()

    assert seen == list(range(1, QUEUE_LENGTH + 501))


async def test_a_gap_in_the_middle_is_filled_before_what_comes_after() -> None:
    log, seen = MemoryLog(), list[int]()

    async def read(record: Record) -> None:
        seen.append(record.seq)

    subscription = Subscription(read, log.records)
    records = [log.append(NoteAdded(source="test", text=str(number))) for number in range(4)]
    subscription.tell(records[0])
    subscription.tell(records[3])
    await subscription.drained()

    assert seen == [1, 2, 3, 4]


async def test_passing_events_are_given_but_never_twice_counted() -> None:
    log, seen = MemoryLog(), list[object]()

    async def read(record: Record) -> None:
        seen.append(record.event)

    subscription = Subscription(read, log.records)
    passing = ModelDelta(delta=TextDelta(text="a"))
    note = NoteAdded(source="test", text="b")
    subscription.tell(Record(session="s", seq=0, at=NOW, event=passing))
    subscription.tell(log.append(note))
    await subscription.aclose()

    assert seen == [passing, note]


def passing(*events: Event) -> list[Record]:
    return [Record(session="s", seq=0, at=NOW, event=event) for event in events]


async def test_of_a_reply_that_comes_faster_than_it_is_read_nothing_is_lost() -> None:
    log, seen, gate = MemoryLog(), list[Record](), asyncio.Event()

    async def slow(record: Record) -> None:
        await gate.wait()
        seen.append(record)

    subscription = Subscription(slow, log.records)
    deltas = [TextDelta(text=f"{number} ") for number in range(25 * QUEUE_LENGTH)]
    for record in passing(*(ModelDelta(delta=delta) for delta in deltas)):
        subscription.tell(record)
    note = log.append(NoteAdded(source="test", text="end"))
    subscription.tell(note)
    gate.set()
    await subscription.aclose()

    *pieces, last = seen
    assert last == note
    texts = [record.event.delta.text for record in pieces]  # type: ignore[union-attr]
    assert "".join(texts) == "".join(delta.text for delta in deltas)
    assert len(texts) <= QUEUE_LENGTH + 1


@pytest.mark.parametrize(
    ("events", "left"),
    [
        (
            [TextDelta(text="a"), TextDelta(text="b"), ThinkingDelta(text="c"), TextDelta(text="d")],
            [TextDelta(text="ab"), ThinkingDelta(text="c"), TextDelta(text="d")],
        ),
        (
            [
                CallDelta(index=0, id="1", name="n", arguments="{"),
                CallDelta(index=0, arguments='"a"'),
                CallDelta(index=0, arguments=":1}"),
                CallDelta(index=1, arguments="{}"),
            ],
            [
                CallDelta(index=0, id="1", name="n", arguments="{"),
                CallDelta(index=0, arguments='"a":1}'),
                CallDelta(index=1, arguments="{}"),
            ],
        ),
    ],
)
def test_only_pieces_of_the_same_text_are_joined(events: list[Delta], left: list[Delta]) -> None:
    records = passing(*(ModelDelta(delta=delta) for delta in events))

    assert [record.event for record in joined(records)] == [ModelDelta(delta=delta) for delta in left]


def test_what_two_calls_say_at_a_time_stays_apart() -> None:
    said = [("1", "a"), ("1", "b"), ("2", "c")]
    records = passing(*(ToolProgressed(call_id=call_id, text=text) for call_id, text in said))

    left = [ToolProgressed(call_id="1", text="ab"), ToolProgressed(call_id="2", text="c")]
    assert [record.event for record in joined(records)] == left


async def test_a_reader_that_breaks_is_told_nothing_more_and_harms_nobody() -> None:
    log, told = MemoryLog(), list[int]()

    async def broken(record: Record) -> None:
        told.append(record.seq)
        raise OSError("gone")

    subscription = Subscription(broken, log.records)
    for _ in range(3):
        subscription.tell(log.append(NoteAdded(source="test", text="a")))
    await subscription.drained()

    assert told == [1]


async def hangs(record: Record) -> None:
    await asyncio.Event().wait()


async def is_cancelled(record: Record) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("reader", [hangs, is_cancelled])
async def test_a_reader_that_does_not_come_back_is_waited_for_once_and_no_more(reader: Reader) -> None:
    log = MemoryLog()
    subscription = Subscription(reader, log.records, patience_seconds=0.01)

    subscription.tell(log.append(NoteAdded(source="test", text="a")))
    await subscription.drained()
    subscription.tell(log.append(NoteAdded(source="test", text="b")))
    await subscription.aclose()

    assert subscription.seen == 1


async def test_a_slow_reader_is_waited_for_as_long_as_it_gets_on() -> None:
    log, seen = MemoryLog(), list[int]()

    async def slow(record: Record) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append(record.seq)

    subscription = Subscription(slow, log.records, patience_seconds=0)  # as where the machine stalls
    for number in range(QUEUE_LENGTH):
        subscription.tell(log.append(NoteAdded(source="test", text=str(number))))
    await subscription.aclose()

    assert seen == list(range(1, QUEUE_LENGTH + 1))
