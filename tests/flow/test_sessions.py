"""A session keeps, shows and takes up again what happened."""

import asyncio

import pytest

from core.conversation import Conversation
from core.deltas import CallDelta, TextDelta
from core.events import (
    Event,
    ModelReplied,
    ModelSwitched,
    Outcome,
    Record,
    ToolFinished,
    ToolStarted,
    TurnFinished,
)
from core.messages import AssistantMessage, Finish, Text, ToolStatus, UserMessage
from core.permissions import Effect
from flow.sessions import Session
from gate.scripted import ScriptedGateway, call, say
from tests.building import Echo, MemoryLog, a_loop


async def test_readers_see_every_durable_event_in_order() -> None:
    seen: list[Record] = []
    session, log = a_session(ScriptedGateway(call("echo", text="a"), say("ok")), seen)

    finished = await session.send("go")

    assert finished == TurnFinished(outcome=Outcome.DONE)
    assert [record for record in seen if record.event.durable] == log.kept
    assert [record.seq for record in seen] == sorted(record.seq for record in seen)
    assert Conversation.replay(events(log)) == session.conversation


async def test_readers_see_what_is_recorded_between_two_turns() -> None:
    seen: list[Record] = []
    session, log = a_session(ScriptedGateway(say("ok"), say("ok")), seen)

    await session.send("go")
    session.record(ModelSwitched(model="m2"))
    await session.send("on")

    assert ModelSwitched(model="m2") in [record.event for record in seen]
    assert [record for record in seen if record.event.durable] == log.kept


async def test_the_log_is_on_the_disk_before_anything_is_changed_and_when_the_turn_ends() -> None:
    tool = Echo(effect=Effect.WRITE)
    session, log = a_session(ScriptedGateway(call("echo", text="a"), say("ok")), [], tool)

    await session.send("go")

    started = next(record.seq for record in log.kept if isinstance(record.event, ToolStarted))
    assert log.synced == [started, len(log.kept)]


async def test_the_head_stands_before_the_first_message_only() -> None:
    gateway = ScriptedGateway(say("a"), say("b"))
    session, _ = a_session(gateway, [])
    session.head = "Date: today."

    await session.send("one")
    await session.send("two")

    first, *_, last = gateway.requests[1].messages
    assert (first, last) == (UserMessage(text="one", head="Date: today."), UserMessage(text="two"))


async def test_what_a_person_adds_is_read_before_the_next_step() -> None:
    gateway, inbox = ScriptedGateway(say("ok")), list[str]()
    session = Session(id="s", loop=a_loop(gateway, inbox=inbox), log=MemoryLog(), inbox=inbox)

    session.steer("use the other file")
    await session.send("go")

    assert gateway.requests[0].messages == (
        UserMessage(text="go"),
        UserMessage(text="use the other file", source="steering"),
    )
    assert inbox == []


async def test_an_interrupt_keeps_what_was_said_and_the_conversation_goes_on() -> None:
    never = asyncio.Event()
    half = (TextDelta(text="I will"), CallDelta(index=0, name="echo", arguments='{"te'), never)
    seen: list[Record] = []
    session, log = a_session(ScriptedGateway(half, say("fine")), seen)

    await interrupt(session, after=CallDelta)
    finished = await session.send("go on")

    kept = AssistantMessage(parts=(Text(text="I will"),), finish=Finish.INTERRUPTED)
    assert events(log)[1:3] == [ModelReplied(reply=kept), TurnFinished(outcome=Outcome.INTERRUPTED)]
    assert finished.outcome is Outcome.DONE
    assert Conversation.replay(events(log)) == session.conversation


UNKNOWN = "Started at 12:00:00, outcome unknown: look before you repeat it."
HARMLESS = "Started at 12:00:00 and cut off. It changed nothing: repeat it if it is needed."


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (Effect.READ, HARMLESS),
        (Effect.WRITE, UNKNOWN),
        (Effect.EXECUTE, UNKNOWN),
        (Effect.NETWORK, UNKNOWN),
    ],
)
async def test_an_interrupted_tool_is_answered_with_what_is_known_of_it(effect: Effect, text: str) -> None:
    class Hanging(Echo):
        async def run(self, args: object, context: object) -> object:
            await asyncio.Event().wait()
            raise AssertionError

    seen: list[Record] = []
    session, log = a_session(ScriptedGateway(call("echo", text="a"), say("ok")), seen, Hanging(effect=effect))

    await interrupt(session, after=ToolStarted)

    assert events(log)[-2:] == [
        ToolFinished(call_id="call-1", text=text, status=ToolStatus.FAILED),
        TurnFinished(outcome=Outcome.INTERRUPTED),
    ]
    assert session.conversation.open_calls == ()


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        (2, "The session ended before it was run."),
        (3, HARMLESS),
    ],
)
async def test_a_turn_that_a_crash_cut_off_is_closed_when_the_session_is_taken_up(
    kept: int, text: str
) -> None:
    first, log = a_session(ScriptedGateway(call("echo", text="a"), say("ok")), [])
    await first.send("go")
    del log.kept[kept:]

    session = Session(id="s", loop=a_loop(ScriptedGateway(say("ok"))), log=log)
    was_cut_off = session.recover()

    assert was_cut_off
    assert events(log)[kept:] == [
        ToolFinished(call_id="call-1", text=text, status=ToolStatus.FAILED),
        TurnFinished(outcome=Outcome.INTERRUPTED),
    ]
    assert Conversation.replay(events(log)) == session.conversation


async def test_a_turn_that_was_cut_off_before_any_reply_is_closed_too() -> None:
    first, log = a_session(ScriptedGateway(say("ok")), [])
    await first.send("go")
    del log.kept[1:]

    session = Session(id="s", loop=a_loop(ScriptedGateway(say("ok"))), log=log)

    assert session.recover()
    assert events(log)[1:] == [TurnFinished(outcome=Outcome.INTERRUPTED)]


async def test_a_session_that_ended_well_is_taken_up_as_it_was() -> None:
    first, log = a_session(ScriptedGateway(say("ok")), [])
    await first.send("go")

    session = Session(id="s", loop=a_loop(ScriptedGateway(say("again"))), log=log)

    assert not session.recover()
    assert session.conversation == first.conversation


def a_session(gateway: ScriptedGateway, seen: list[Record], *tools: Echo) -> tuple[Session, MemoryLog]:
    async def read(record: Record) -> None:
        seen.append(record)

    log = MemoryLog()
    session = Session(id="s", loop=a_loop(gateway, *tools), log=log)
    session.subscribe(read)
    return session, log


def events(log: MemoryLog) -> list[Event]:
    return [record.event for record in log.kept]


async def interrupt(session: Session, *, after: type) -> None:
    """Send something, and cancel it as soon as an event or delta of type `after` was seen."""
    task = asyncio.create_task(session.send("go"))
    came = asyncio.Event()

    async def watch(record: Record) -> None:
        if isinstance(getattr(record.event, "delta", record.event), after):
            came.set()

    session.subscribe(watch)
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
