"""Who is asked when the server that was asked is not there, and what is never asked twice."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.deltas import Delta, ProgressDelta, RestartDelta, TextDelta
from core.errors import (
    ConnectionLost,
    ContextOverflow,
    GatewayError,
    GatewayUnavailable,
    NoAnswer,
    OutOfMemory,
    RateLimited,
    RequestRejected,
    StreamBroken,
)
from core.protocols import Gateway
from gate.fallback import PATIENCE_SECONDS, FallbackGateway
from gate.openai_compatible import OpenAICompatibleGateway
from gate.retrying import RetryingGateway
from gate.scripted import ScriptedGateway, say
from tests.clocks import Waits
from tests.gate.asking import built, deltas, reply, request
from tests.scripted_server import replies
from tests.scripted_server.serving import ScriptedServer

GONE = NoAnswer("No answer from a.", hint="Is it running?")
READ = ProgressDelta(processed_tokens=1, total_tokens=2)
HALF = TextDelta(text="half a sen")


def ring(**gateways: Gateway) -> FallbackGateway:
    async def opened(server: str) -> Gateway:
        return gateways[server]

    return FallbackGateway(tuple(gateways), opened, next(iter(gateways)), sleep=Waits())


def restarts(said: list[Delta]) -> list[RestartDelta]:
    return [delta for delta in said if isinstance(delta, RestartDelta)]


async def test_who_is_there_answers_and_nobody_else_is_asked() -> None:
    first, second = ScriptedGateway(say("Yes."), say("Again.")), ScriptedGateway()
    asked = ring(a=first, b=second)

    assert [(await reply(asked)).text, (await reply(asked)).text] == ["Yes.", "Again."]
    assert second.requests == []


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (GONE, "No answer from a."),
        (GatewayUnavailable("a answered 503: busy."), "a answered 503: busy."),
        (StreamBroken("It stopped."), "a: It stopped."),
        (
            RateLimited("a answered 503: Loading model.", retry_after_seconds=10.0),
            "a answered 503: Loading model.",
        ),
        (ConnectionLost("It hung up."), "a: It hung up."),
    ],
)
async def test_the_same_request_goes_to_the_next_and_one_sentence_tells_it(
    failure: GatewayError, told: str
) -> None:
    first, second = ScriptedGateway(failure), ScriptedGateway(say("Hello."))

    said = await deltas(ring(a=first, b=second), asked := request("Who is there?"))

    assert restarts(said) == [RestartDelta(reason=f"{told} Going on with b.", wait_seconds=0.0)]
    assert built(said).text == "Hello."
    assert first.requests == second.requests == [asked]


async def test_who_answered_is_asked_first_from_then_on_and_the_ring_goes_round_when_it_fails() -> None:
    first = ScriptedGateway(GONE, say("Back."))
    second = ScriptedGateway(say("One."), say("Two."), NoAnswer("No answer from b."))
    third = ScriptedGateway(NoAnswer("No answer from c."))
    asked = ring(a=first, b=second, c=third)

    said = [await deltas(asked) for _ in range(3)]

    assert [built(each).text for each in said] == ["One.", "Two.", "Back."]
    assert [len(restarts(each)) for each in said] == [1, 0, 2]
    assert asked.asked == "a"


async def test_where_nobody_is_there_each_is_named_with_its_reason() -> None:
    gateways = {
        "a": ScriptedGateway(GatewayUnavailable("a answered 502: bad.")),
        "b": ScriptedGateway(GatewayUnavailable("b answered 503: busy.")),
        "c": ScriptedGateway(StreamBroken("It broke.")),
    }
    asked = ring(**gateways)

    with pytest.raises(GatewayUnavailable) as caught:
        await deltas(asked)

    assert str(caught.value).splitlines() == [
        "None of 3 servers answers.",
        "a answered 502: bad.",
        "b answered 503: busy.",
        "c: It broke. Start one of them, or name others in AGENT_FALLBACK_URLS.",
    ]
    assert [len(gateway.requests) for gateway in gateways.values()] == [1, 1, 1]
    assert asked.asked == "a"


async def test_after_a_round_in_which_nobody_was_there_the_silent_ones_are_asked_again_after_a_pause() -> (
    None
):
    waits = Waits()
    busy = ScriptedGateway(GatewayUnavailable("b answered 503: busy."))
    asked = replace(ring(a=ScriptedGateway(GONE, GONE, say("Back.")), b=busy), sleep=waits)

    said = await deltas(asked)

    assert [(delta.reason, delta.wait_seconds) for delta in restarts(said)] == [
        ("No answer from a. Going on with b.", 0.0),
        ("None of 2 servers answers.", 0.5),
        ("None of 2 servers answers.", 1.0),
    ]
    assert (built(said).text, len(busy.requests), sum(waits)) == ("Back.", 1, 1.5)


async def test_silent_servers_are_waited_for_as_long_as_one_that_stands_alone() -> None:
    gateways = {name: ScriptedGateway(*[NoAnswer(f"No answer from {name}.")] * 4) for name in "ab"}
    alone = ScriptedGateway(*[GONE] * 4)

    with pytest.raises(GatewayUnavailable, match="None of 2 servers answers"):
        await deltas(ring(**gateways))
    with pytest.raises(NoAnswer):
        await deltas(RetryingGateway(alone, sleep=Waits()))

    assert [len(gateway.requests) for gateway in (*gateways.values(), alone)] == [4, 4, 4]


async def test_no_round_begins_after_one_that_took_long() -> None:
    times = iter([0.0, PATIENCE_SECONDS + 1])
    gateways = {name: ScriptedGateway(GONE) for name in "ab"}

    with pytest.raises(GatewayUnavailable):
        await deltas(replace(ring(**gateways), clock=lambda: next(times)))

    assert [len(gateway.requests) for gateway in gateways.values()] == [1, 1]


@pytest.mark.parametrize("error", [StreamBroken("cut"), GatewayUnavailable("gone")])
async def test_a_reply_that_has_begun_is_not_begun_elsewhere(error: GatewayError) -> None:
    second = ScriptedGateway(say("never"))
    asked = ring(a=ScriptedGateway((READ, HALF, error)), b=second)

    with pytest.raises(type(error), match=str(error)):
        await deltas(asked)

    assert second.requests == []


async def test_how_far_a_prompt_is_read_is_no_part_of_a_reply() -> None:
    said = await deltas(ring(a=ScriptedGateway((READ, GONE)), b=ScriptedGateway(say("Hello."))))

    assert built(said).text == "Hello."


async def test_a_stream_that_broke_goes_on_elsewhere_when_nobody_is_there_to_be_asked_again() -> None:
    waits = Waits()
    broken = ScriptedGateway((HALF, ConnectionLost("It broke.")), GONE)
    first = RetryingGateway(broken, asks_silence=False, sleep=waits)

    said = await deltas(ring(a=first, b=ScriptedGateway(say("Whole."))))

    assert [delta.reason for delta in restarts(said)] == ["It broke.", "No answer from a. Going on with b."]
    assert (built(said).text, waits) == ("Whole.", [0.5])


@pytest.mark.parametrize(
    "error",
    [
        ContextOverflow("too long", limit_tokens=4096),
        OutOfMemory("a ran out of memory."),
    ],
)
async def test_a_request_that_is_to_be_shorter_is_for_who_said_so(error: GatewayError) -> None:
    first, second, third = ScriptedGateway(GONE), ScriptedGateway(error, say("Yes.")), ScriptedGateway()
    asked = ring(a=first, b=second, c=third)

    with pytest.raises(type(error)):
        await deltas(asked)

    assert (third.requests, asked.asked) == ([], "b")
    assert (await reply(asked)).text == "Yes."


async def test_a_refusal_goes_nowhere_else_and_who_refuses_is_not_asked_first_from_then_on() -> None:
    first = ScriptedGateway(GONE, say("Back."))
    second, third = ScriptedGateway(RequestRejected("b answered 401.")), ScriptedGateway()
    asked = ring(a=first, b=second, c=third)

    with pytest.raises(RequestRejected):
        await deltas(asked)

    assert (third.requests, (await reply(asked)).text) == ([], "Back.")


async def test_who_leaves_is_not_followed_by_a_question_to_another() -> None:
    first, second = ScriptedGateway((READ, asyncio.Event())), ScriptedGateway(say("never"))
    asked = ring(a=first, b=second)

    task = asyncio.create_task(deltas(asked))
    await first.asked(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with aclosing(ring(a=ScriptedGateway((HALF, GONE)), b=second).stream(request())) as stream:
        await anext(stream)

    assert (second.requests, asked.asked) == ([], "a")


async def test_a_server_that_cannot_stand_in_is_passed_over() -> None:
    async def opened(server: str) -> Gateway:
        if server == "b":
            raise GatewayUnavailable("b does not list the model 'm'.")
        return {"a": ScriptedGateway(GONE), "c": ScriptedGateway(say("Hello."))}[server]

    said = await deltas(FallbackGateway(("a", "b", "c"), opened, "a"))

    assert [delta.reason for delta in restarts(said)] == [
        "No answer from a. Going on with b.",
        "b does not list the model 'm'. Going on with c.",
    ]
    assert built(said).text == "Hello."


async def test_a_server_that_hangs_is_asked_once() -> None:
    with ScriptedServer([replies.raw(replies.Gate())]) as server:
        hanging = OpenAICompatibleGateway(server.url, "m", idle_seconds=0.05)
        first = RetryingGateway(hanging, asks_silence=False, sleep=Waits())
        said = await deltas(ring(a=first, b=ScriptedGateway(say("Hello."))))
        await hanging.close()

    (told,) = restarts(said)
    assert told.reason.endswith("sent nothing for 0.05 seconds. Going on with b.")
    assert (built(said).text, len(server.requests)) == ("Hello.", 1)


async def test_a_server_that_is_busy_is_asked_again_before_the_next_is() -> None:
    with ScriptedServer([replies.refuse(503, "busy")] * 9) as server:
        busy = OpenAICompatibleGateway(server.url, "m")
        first = RetryingGateway(busy, asks_silence=False, sleep=Waits())
        said = await deltas(ring(a=first, b=ScriptedGateway(say("Hello."))))
        await busy.close()

    assert (built(said).text, len(server.requests), len(restarts(said))) == ("Hello.", 4, 4)
