"""What comes out of the door when a secret goes in."""

import asyncio
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.conversation import Conversation
from core.deltas import (
    CallDelta,
    Delta,
    FinishDelta,
    ProgressDelta,
    ReplyBuilder,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
)
from core.errors import RequestRejected
from core.events import (
    Event,
    ModelDelta,
    ModelReplied,
    NoteAdded,
    Outcome,
    Record,
    ToolFinished,
    ToolProgressed,
    TurnFinished,
    TurnStarted,
)
from core.masking import Masking
from core.messages import AssistantMessage, Finish, Image, Text, ToolCall, UserMessage
from core.values import encode
from core.views import CommandOutput, FileWindow
from flow.masking import MaskedEvents, mapped
from flow.sessions import Session
from gate.scripted import ScriptedGateway, call, call_with, say
from tests.building import Echo, MemoryLog, a_loop

KEY = "hunter2-AbCdEfGh-999"
MARK = "[masked API_KEY]"
MASKING = Masking([("API_KEY", KEY)])


def through(*events: Event) -> list[Event]:
    masked = MaskedEvents(MASKING)
    return [shown for event in events for shown in masked.of(event)]


def deltas(*given_: Delta) -> list[Delta]:
    shown = through(*(ModelDelta(delta=delta) for delta in given_))
    return [event.delta for event in shown if isinstance(event, ModelDelta)]


async def secretive(*replies: object, tool: Echo | None = None) -> tuple[Session, list[Record], MemoryLog]:
    """A session in which all this was said, what a reader saw of it, and its log."""
    seen: list[Record] = []

    async def look(record: Record) -> None:
        seen.append(record)

    log = MemoryLog()
    loop = a_loop(ScriptedGateway(*replies), tool or Echo())
    session = Session(id="s", loop=loop, log=log, masked=MaskedEvents(MASKING))
    session.subscribe(look)
    return session, seen, log


async def test_nothing_of_a_session_holds_a_secret() -> None:
    session, seen, log = await secretive(
        call("echo", text=f"key {KEY}"), call_with("echo", f"{{'text': '{KEY}'}}"), say(f"It is {KEY}.")
    )
    session.steer(f"and {KEY}")
    session.record(NoteAdded(source="instructions", text=KEY))

    finished = await session.send(f"Use {KEY}!")
    await session.aclose()

    requests = session.loop.gateway.requests  # type: ignore[attr-defined]
    assert finished.outcome is Outcome.DONE
    everything = "\n".join(map(encode, [*seen, *log.kept, *session.conversation.messages, *requests]))
    assert KEY not in everything
    assert everything.count(MARK) > 20
    assert Conversation.replay(record.event for record in log.kept) == session.conversation


async def test_what_is_read_in_advance_is_what_will_be_sent() -> None:
    session, _, _ = await secretive(say("hello"))
    session.head = f"AGENTS.md: the key is {KEY}"

    before = session.next_request()
    await session.send("go")

    assert before.messages[0].head == f"AGENTS.md: the key is {MARK}"  # type: ignore[union-attr]
    assert session.conversation.messages[0].head == before.messages[0].head  # type: ignore[union-attr]


async def test_what_runs_is_what_is_shown() -> None:
    echo = Echo()
    session, _, log = await secretive(call("echo", text=f"key {KEY}"), say("done"), tool=echo)

    await session.send("go")

    assert echo.ran == [f"key {MARK}"]
    answers = [record.event for record in log.kept if isinstance(record.event, ToolFinished)]
    assert answers == [ToolFinished(call_id="call-1", text=f"key {MARK}")]


async def test_a_refusal_that_quotes_a_key_is_masked() -> None:
    session, _, log = await secretive(RequestRejected(f"Incorrect API key provided: {KEY}."))

    finished = await session.send("go")

    assert finished.note == f"Incorrect API key provided: {MARK}."
    assert log.kept[-1].event == finished


async def test_an_interrupted_reply_is_masked() -> None:
    half = (TextDelta(text=f"It is {KEY[:12]}"), TextDelta(text=KEY[12:]), asyncio.Event())
    session, seen, log = await secretive(half)

    task = asyncio.create_task(session.send("go"))
    await session.loop.gateway.asked(1)  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    said = AssistantMessage(parts=(Text(text=f"It is {MARK}"),), finish=Finish.INTERRUPTED)
    assert ModelReplied(reply=said) in [record.event for record in log.kept]
    assert KEY[:12] not in "\n".join(map(encode, seen))


def test_a_stream_comes_out_in_its_order() -> None:
    shown = deltas(
        ThinkingDelta(text="hm, hun"),
        TextDelta(text="The hunter2-AbC"),
        TextDelta(text="dEfGh-999 and hu"),
        CallDelta(index=0, id="call-1", name="echo", arguments='{"text": "hunter2-AbCdEf'),
        CallDelta(index=1, id="call-2", name="echo", arguments='{"text": "hunter2-'),
        CallDelta(index=0, arguments='Gh-999"}', source="<hunter2-AbCdEfGh-999"),
        CallDelta(index=1, arguments="", source=">"),
        FinishDelta(finish=Finish.CALLS),
    )

    reply = ReplyBuilder()
    for delta in shown:
        reply.add(delta)
    assert reply.build().parts == (
        *deltas_as_parts("hm, hun", f"The {MARK} and hu"),
        ToolCall(id="call-1", name="echo", arguments=f'{{"text": "{MARK}"}}', source=f"<{MARK}"),
        ToolCall(id="call-2", name="echo", arguments='{"text": "hunter2-', source=">"),
    )
    assert [delta.kind for delta in shown[:3]] == ["thinking", "thinking", "text"]


def deltas_as_parts(thought: str, said: str) -> tuple[object, ...]:
    reply = ReplyBuilder()
    reply.add(ThinkingDelta(text=thought))
    reply.add(TextDelta(text=said))
    return reply.build().parts


def test_what_a_broken_stream_held_back_is_void() -> None:
    shown = deltas(
        TextDelta(text="so hunter2-"),
        RestartDelta(reason=f"lost {KEY}", wait_seconds=1),
        TextDelta(text="now"),
        FinishDelta(finish=Finish.DONE),
    )

    assert shown[:2] == [TextDelta(text="so "), RestartDelta(reason=f"lost {MARK}", wait_seconds=1)]
    assert "".join(delta.text for delta in shown[2:] if isinstance(delta, TextDelta)) == "now"


async def test_what_a_cut_stream_held_back_is_not_said_by_the_next() -> None:
    session, seen, log = await secretive(
        (ThinkingDelta(text="hm, hunter2"), RequestRejected("gone")), say("Well.")
    )

    await session.send("go")
    session.record(NoteAdded(source="instructions", text="n"))
    await session.send("again")
    await session.aclose()

    said = [record.event.delta for record in seen if isinstance(record.event, ModelDelta)]
    assert "".join(delta.text for delta in said if isinstance(delta, ThinkingDelta)) == "hm, hunter2"
    assert "".join(delta.text for delta in said if isinstance(delta, TextDelta)) == "Well."
    assert all(record.event.durable for record in log.kept)


def test_news_of_the_server_in_between_ends_no_stream() -> None:
    shown = deltas(
        TextDelta(text=KEY[:9]),
        ProgressDelta(processed_tokens=1, total_tokens=2),
        TextDelta(text=KEY[9:]),
        FinishDelta(finish=Finish.DONE),
    )

    assert "".join(delta.text for delta in shown if isinstance(delta, TextDelta)) == MARK


def test_what_a_call_bears_beside_its_arguments_is_masked() -> None:
    shown = deltas(CallDelta(index=0, id=KEY, name=KEY, extra={"x": KEY}, arguments="{}"))

    assert shown == [CallDelta(index=0, id=MARK, name=MARK, extra={"x": MARK}, arguments="{}")]


def test_progress_of_two_tools_is_two_streams() -> None:
    shown = through(
        ToolProgressed(call_id="a", text="key hunter2-AbCd"),
        ToolProgressed(call_id="b", text="hunter2"),
        ToolProgressed(call_id="a", text="EfGh-999\n"),
        ToolFinished(call_id="b", text="done"),
        ToolFinished(call_id="a", text="done"),
        ToolFinished(call_id="c", text="done"),
    )

    said = {
        name: "".join(
            event.text for event in shown if isinstance(event, ToolProgressed) and event.call_id == name
        )
        for name in "ab"
    }
    assert said == {"a": f"key {MARK}\n", "b": "hunter2"}
    assert [type(event).__name__ for event in shown[-4:]] == [
        "ToolFinished",
        "ToolProgressed",  # what might have gone on
        "ToolFinished",
        "ToolFinished",
    ]


def test_views_are_masked_and_pictures_are_not() -> None:
    window = FileWindow(path="a", start=1, lines=("x", KEY), total_lines=2, digest="0")
    output = CommandOutput(command=f"echo {KEY}", output=KEY, exit_code=0, seconds=1.0)
    picture = TurnStarted(prompt=UserMessage(text="", images=(Image(media_type="image/png", base64=KEY),)))
    foreign = ToolCall(id="a", name="b", arguments="{}", extra={"thought": {"signature": [KEY, 7]}, "n": 1})

    changed = [mapped(item, MASKING.masked) for item in (window, output, picture, foreign)]

    assert changed[0] == FileWindow(path="a", start=1, lines=("x", MARK), total_lines=2, digest="0")
    assert changed[1] == CommandOutput(command=f"echo {MARK}", output=MARK, exit_code=0, seconds=1.0)
    assert changed[2] is picture
    assert changed[3].extra == {"thought": {"signature": [MARK, 7]}, "n": 1}  # type: ignore[union-attr]


def test_what_holds_no_secret_stays_the_same_object() -> None:
    events = [
        TurnStarted(prompt=UserMessage(text="hello")),
        ModelReplied(
            reply=AssistantMessage(parts=(ToolCall(id="a", name="b", arguments="{}", extra={"x": 1}),))
        ),
        TurnFinished(outcome=Outcome.DONE, evidence=("pytest",)),
    ]

    assert all(one is other for one, other in zip(through(*events), events, strict=True))


def test_without_secrets_events_pass_as_they_are() -> None:
    event = ModelDelta(delta=TextDelta(text=KEY))

    assert next(iter(MaskedEvents().of(event))) is event


@settings(max_examples=200)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=40), st.sampled_from(["text", "thinking"]))
def test_however_a_reply_is_cut_up_it_is_masked(sizes: list[int], kind: str) -> None:
    text = f"first {KEY}, then hunter2 and {KEY[:10]} and {KEY}"
    pieces, at = [], 0
    for size in [*sizes, len(text)]:
        pieces.append(text[at : at + size])
        at += size
    delta = TextDelta if kind == "text" else ThinkingDelta

    shown = deltas(*(delta(text=piece) for piece in pieces), FinishDelta(finish=Finish.DONE))

    assert "".join(getattr(one, "text", "") for one in shown) == MASKING.masked(text)


async def test_a_session_from_before_a_secret_was_known_goes_on_without_it() -> None:
    log = MemoryLog()
    await Session(id="s", loop=a_loop(ScriptedGateway(say(f"It is {KEY}."))), log=log).send(f"Use {KEY}!")
    gateway = ScriptedGateway(say("hello"))
    session = Session(id="s", loop=a_loop(gateway), log=log, masked=MaskedEvents(MASKING))

    session.recover()
    await session.send("and now?")

    assert KEY not in encode(gateway.requests)
    assert MARK in encode(gateway.requests)


def test_the_door_is_the_only_way_to_the_log() -> None:
    """Who appends to a session's log or applies to its conversation is named here; all go through the mask."""
    root = Path(__file__).resolve().parents[2]
    appending = {
        path.relative_to(root).as_posix()
        for package in ("boot", "flow", "servr")
        for path in (root / package).rglob("*.py")
        if "log.append(" in path.read_text() or "conversation.apply(" in path.read_text()
    }

    assert appending == {"flow/sessions.py", "boot/commands/undo.py", "boot/calibrate/examinee.py"}
