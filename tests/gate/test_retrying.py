"""What a broken connection looks like to someone who reads the stream."""

import asyncio
from contextlib import aclosing

import pytest

from core.deltas import RestartDelta, TextDelta
from core.errors import (
    ContextOverflow,
    GatewayError,
    GatewayUnavailable,
    NoAnswer,
    RateLimited,
    RequestRejected,
    StreamBroken,
)
from core.messages import Text
from gate.retrying import RetryingGateway
from gate.scripted import Reply, ScriptedGateway, say
from tests.clocks import Waits
from tests.gate.asking import built, deltas, request


async def test_what_a_broken_stream_said_is_voided() -> None:
    waits = Waits()
    inner = ScriptedGateway((TextDelta(text="half a sen"), StreamBroken("cut")), say("hello"))

    said = await deltas(RetryingGateway(inner, sleep=waits))

    assert said[:2] == [TextDelta(text="half a sen"), RestartDelta(reason="cut", wait_seconds=0.5)]
    assert built(said).parts == (Text(text="hello"),)
    assert waits == [0.5]


@pytest.mark.parametrize(
    ("errors", "waited"),
    [
        ([GatewayUnavailable("gone")] * 3, [0.5, 1.0, 2.0]),
        ([RateLimited("slow", retry_after_seconds=7), StreamBroken("cut")], [7.0, 1.0]),
        ([RateLimited("slow", retry_after_seconds=0.1)], [0.5]),
        ([RateLimited("slow", retry_after_seconds=3_600)], [120.0]),
    ],
)
async def test_waits_double_unless_the_server_wants_more(
    errors: list[GatewayError], waited: list[float]
) -> None:
    waits = Waits()

    said = await deltas(RetryingGateway(ScriptedGateway(*errors, say("hello")), sleep=waits))

    assert built(said).text == "hello"
    assert waits == waited


async def test_it_gives_up_after_its_last_attempt() -> None:
    waits, inner = Waits(), ScriptedGateway(*[GatewayUnavailable("gone")] * 9)

    with pytest.raises(GatewayUnavailable, match="gone"):
        await deltas(RetryingGateway(inner, attempts=3, sleep=waits))

    assert (len(inner.requests), waits) == (3, [0.5, 1.0])


async def test_who_gives_no_answer_at_all_is_not_asked_again_where_another_can_be() -> None:
    inner = ScriptedGateway(GatewayUnavailable("503"), NoAnswer("gone"), say("never"))

    with pytest.raises(NoAnswer):
        await deltas(RetryingGateway(inner, asks_silence=False, sleep=Waits()))

    assert len(inner.requests) == 2


@pytest.mark.parametrize("error", [RequestRejected("no"), ContextOverflow("long", limit_tokens=9)])
async def test_what_would_fail_again_is_not_asked_again(error: GatewayError) -> None:
    inner = ScriptedGateway(error, say("never"))

    with pytest.raises(type(error)):
        await deltas(RetryingGateway(inner, sleep=Waits()))

    assert len(inner.requests) == 1


async def test_a_wait_can_be_cancelled() -> None:
    waiting = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    gateway = RetryingGateway(ScriptedGateway(GatewayUnavailable("gone"), say("never")), sleep=sleep)
    asking = asyncio.create_task(deltas(gateway))
    await waiting.wait()

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_closing_it_closes_the_gateway_inside() -> None:
    reply: Reply = (TextDelta(text="a"), TextDelta(text="b"))
    inner = ScriptedGateway(reply)

    async with aclosing(RetryingGateway(inner, sleep=Waits()).stream(request())) as stream:
        assert await anext(stream) == TextDelta(text="a")

    assert len(inner.requests) == 1
