"""What the engine tells comes in batches, and whoever hangs up is heard."""

import asyncio
import socket
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from servr.native.api.answers import ChatWords, Envelope
from servr.native.api.bodies import Gone
from servr.native.api.course import Course, PlainReader, merged
from servr.native.api.replying import Reply
from servr.native.api.telling import Telling
from servr.native.asking import Asked, Ended, Token, Written
from servr.native.scripted import ScriptedEngine, says
from tests.servr.native.doubles import MarkReader, served_at, talking

ASKED = Asked(prompt=(1,), most_tokens=9)


async def stays() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def leaves() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


async def test_a_batch_is_all_that_is_there() -> None:
    gate = asyncio.Event()
    first, second = says("a", "b")[:-1], says("c")[1:]
    engine = ScriptedEngine([[*first, gate, *second]])
    batches = []

    async with Telling(engine.ask(ASKED), stays, silence_seconds=60) as telling:
        async for batch in telling.batches():
            batches.append(batch)
            gate.set()

    assert batches == [first, second]


async def test_silence_is_an_empty_batch() -> None:
    engine = ScriptedEngine([[gate := asyncio.Event(), *says("a")]])
    batches = []

    async with Telling(engine.ask(ASKED), stays, silence_seconds=0.0) as telling:
        async for batch in telling.batches():
            batches.append(batch)
            gate.set()

    assert batches == [[], says("a")]


async def test_who_leaves_ends_what_is_told() -> None:
    engine = ScriptedEngine([[asyncio.Event()]])

    async with Telling(engine.ask(ASKED), leaves, silence_seconds=60) as telling:
        with pytest.raises(Gone):
            await anext(telling.batches())

    assert engine.cancelled == 1


async def test_a_silent_stream_is_kept_alive_by_comments() -> None:
    gate, sent = asyncio.Event(), list[bytes]()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("body", b""))
        gate.set()

    engine = ScriptedEngine([[gate, *says("a")]])
    envelope = Envelope(ChatWords(), "scripted", 0)
    reply = Reply(engine, ASKED, Course(PlainReader()), envelope, True, False, silence_seconds=0.0)
    await reply({}, stays, send)

    assert sent[1].endswith(b"\n\n: keep-alive\n\n")


def test_neighbours_of_a_kind_are_one_piece() -> None:
    said = [
        ThinkingDelta(text="a"),
        ThinkingDelta(text="b"),
        TextDelta(text="c"),
        TextDelta(text="d"),
        CallDelta(index=0, id="x", name="ls"),
        CallDelta(index=0, arguments="{"),
        CallDelta(index=0, arguments="}"),
        CallDelta(index=1, id="y", name="ls", arguments="{}"),
    ]

    assert list(merged(said)) == [
        ThinkingDelta(text="ab"),
        TextDelta(text="cd"),
        CallDelta(index=0, id="x", name="ls", arguments="{}"),
        CallDelta(index=1, id="y", name="ls", arguments="{}"),
    ]


def test_what_is_held_back_counts_as_what_was_said_before() -> None:
    course = Course(MarkReader(), thinks=True)
    texts = ("", "~a", "", "b", "")

    course.take([Written(text, (Token(0, text),)) for text in texts])

    assert course.reasoning_tokens == 3


def test_a_call_without_an_id_gets_one_of_its_own_and_keeps_it() -> None:
    course = Course(MarkReader())

    first, _ = course.take([Written("!ls", ()), Written("+{}", ())])
    second, _ = course.take([Written("!ls", ()), Written("+{", ())])
    rest, _ = course.take([Written("+}", ())])

    ids = [said.id for said in (*first, *second, *rest) if isinstance(said, CallDelta)]
    assert [identity[:5] for identity in ids] == ["call_", "call_", ""]
    assert ids[0] != ids[1]


def test_a_reply_that_was_cut_in_a_call_was_cut() -> None:
    course = Course(MarkReader())
    ended = says("!ls", "+{", finish="length")[-1]
    assert isinstance(ended, Ended)

    course.take([Written("!ls", ()), ended])

    assert course.finish == "length"


@pytest.mark.slow
@pytest.mark.server
async def test_who_hangs_up_in_the_middle_of_a_request_leaves_no_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served_at(talking(ScriptedEngine([says("Hi.")]))) as url:
        at = httpx.URL(url)
        half = socket.create_connection((at.host, at.port or 0))
        half.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        half.close()
        async with httpx.AsyncClient(timeout=None) as client:
            answer = await client.get(f"{url}/models")

    assert answer.status_code == 200
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
