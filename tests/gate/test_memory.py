"""A server that dies of a long prompt is waited for, and its memory is spoken of."""

from contextlib import suppress
from dataclasses import replace

import pytest

from core.deltas import Delta, ProgressDelta, RestartDelta, TextDelta
from core.endpoint import ServedModel, ServerFacts, ServerKind
from core.errors import (
    ConnectionLost,
    ContextOverflow,
    GatewayError,
    GatewayUnavailable,
    OutOfMemory,
    RequestRejected,
    StreamBroken,
)
from core.protocols import ModelRequest
from gate.live_window import LiveWindow
from gate.memory import ANY_SETTING, LOOKS, SETTINGS, MemoryGuard
from gate.retrying import RetryingGateway
from gate.scripted import Reply, ScriptedGateway, say
from tests.clocks import Waits
from tests.fakes import FakeServer, bodies
from tests.fakes.serving import Asked, Page, page
from tests.gate.asking import built, deltas, request

LOST = ConnectionLost("The connection broke.")
READING = ProgressDelta(processed_tokens=500, total_tokens=9_000)
LONG, SHORT = request("word " * 3_000), request("Hi")


def guard(
    url: str, *steps: Reply | GatewayError, kind: ServerKind = "llama.cpp", window: int | None = 8_000
) -> tuple[MemoryGuard, Waits]:
    model = ServedModel(name="m", window_tokens=window)
    live = LiveWindow(url, "m", facts=ServerFacts(url=url, kind=kind, models=(model,)))
    sleeps = Waits()
    return MemoryGuard(ScriptedGateway(*steps), live, sleep=sleeps), sleeps


@pytest.mark.parametrize("steps", [(LOST,), ((READING, LOST),), (OutOfMemory("CUDA error: out of memory"),)])
async def test_it_is_a_matter_of_memory_and_not_asked_again(steps: tuple[Reply | GatewayError, ...]) -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        guarded, _ = guard(server.url, *steps, say("never"))
        with pytest.raises(OutOfMemory) as caught:
            await deltas(RetryingGateway(guarded), LONG)

    assert "out of memory" in str(caught.value)
    assert caught.value.hint == SETTINGS["llama.cpp"]


@pytest.mark.parametrize(
    ("steps", "asked"),
    [
        ((LOST,), SHORT),
        (((TextDelta(text="I"), LOST),), LONG),
        ((StreamBroken("The server sent something that is no chunk."),), LONG),
        ((GatewayUnavailable("500"),), LONG),
    ],
    ids=["short prompt", "in the reply", "nonsense", "refused"],
)
async def test_whatever_else_goes_wrong_is_asked_again(
    steps: tuple[Reply | GatewayError, ...], asked: ModelRequest
) -> None:
    guarded, sleeps = guard("http://127.0.0.1:1/v1", *steps, say("hello"))

    said = await deltas(RetryingGateway(guarded, sleep=sleeps), asked)

    assert built(said).text == "hello"


@pytest.mark.parametrize(
    ("window", "error"), [(None, ConnectionLost), (9_000, OutOfMemory), (99_000, ConnectionLost)]
)
async def test_what_is_a_long_prompt_depends_on_the_window(
    window: int | None, error: type[GatewayError]
) -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        guarded, _ = guard(server.url, LOST, window=window)
        with pytest.raises(error):
            await deltas(guarded, LONG)


@pytest.mark.parametrize("then", [LOST, GatewayUnavailable("No answer.")])
async def test_a_prompt_that_ends_the_server_twice_or_for_good_is_not_asked_a_third_time(
    then: GatewayError,
) -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        guarded, sleeps = guard(server.url, LOST, then, say("never"), window=30_000)
        with pytest.raises(OutOfMemory):
            await deltas(RetryingGateway(guarded, sleep=sleeps), LONG)

    assert sleeps == [0.5]


async def test_a_short_prompt_fills_no_memory_however_often_the_connection_is_lost() -> None:
    guarded, sleeps = guard("http://127.0.0.1:1/v1", LOST, LOST, LOST, say("hello"))

    assert built(await deltas(RetryingGateway(guarded, sleep=sleeps), SHORT)).text == "hello"


async def test_a_server_that_starts_again_is_waited_for() -> None:
    answers = iter([page({"error": "Loading model"}, 503)] * 3)

    def loading(asked: Asked) -> Page:
        return next(answers, page({"data": []}))

    with FakeServer({"/v1/models": loading}) as server:
        guarded, sleeps = guard(server.url, LOST, kind="unknown")
        with pytest.raises(OutOfMemory) as caught:
            await deltas(guarded, LONG)

    assert sleeps == [1.0] * 3
    assert caught.value.hint == ANY_SETTING


async def test_a_server_that_stays_away_is_waited_for_no_longer_than_a_minute() -> None:
    guarded, sleeps = guard("http://127.0.0.1:1/v1", LOST)

    with pytest.raises(RequestRejected) as caught:
        await deltas(RetryingGateway(guarded), LONG)

    assert len(sleeps) == LOOKS - 1
    assert not isinstance(caught.value, ContextOverflow)
    assert str(caught.value) == (
        "http://127.0.0.1:1/v1 ran out of memory, and was not back in 60 seconds. "
        f"Start it again. {SETTINGS['llama.cpp']}"
    )


async def test_where_another_server_can_be_asked_nobody_waits_for_one_that_died() -> None:
    guarded, sleeps = guard("http://127.0.0.1:1/v1", LOST)

    with pytest.raises(OutOfMemory):
        await deltas(RetryingGateway(replace(guarded, waits=False)), LONG)

    assert sleeps == []


async def test_people_are_told_before_the_wait() -> None:
    seen: list[Delta] = []
    with FakeServer(bodies.LLAMA_CPP) as server:
        guarded, _ = guard(server.url, LOST)
        with suppress(OutOfMemory):
            async for delta in guarded.stream(LONG):
                seen.append(delta)  # noqa: PERF401 - what came before the error counts

    assert seen == [RestartDelta(reason="The connection broke.", wait_seconds=0.0)]
