"""What is read in advance, and what becomes of it when the request comes."""

import asyncio
import json
from dataclasses import replace

import pytest

from core.deltas import ProgressDelta
from core.errors import GatewayUnavailable
from core.messages import AssistantMessage, Text, UserMessage
from core.protocols import ModelRequest
from gate.manner import PLAIN, Manner
from gate.openai_compatible import OpenAICompatibleGateway
from gate.scripted import ScriptedGateway, say
from gate.serialising import PrefixWriter
from gate.warming import WarmingGateway
from tests.clocks import ENOUGH_SECONDS
from tests.gate.asking import deltas, request
from tests.gate.sockets import hanging

LLAMA = Manner(tells_progress=True, no_reply={"n_predict": 0})
AHEAD = replace(request(tools=["ls"]), messages=(UserMessage(text="", head="Today."),))
ASKED = replace(AHEAD, messages=(UserMessage(text="Do it.", head="Today."),))
PROGRESS = ProgressDelta(processed_tokens=100, total_tokens=300, seconds_left=20.0)


async def test_a_request_that_begins_so_waits_until_it_is_read_and_is_told_how_far_it_is() -> None:
    gate, now = asyncio.Event(), 0.0
    inner = ScriptedGateway((PROGRESS, gate, *say("")), say("Done."))
    gateway = WarmingGateway(inner, clock=lambda: now)
    gateway.warm(AHEAD)
    await inner.asked(1)
    await asyncio.sleep(0)

    now = 5.0
    asking = asyncio.create_task(deltas(gateway, ASKED))
    await asyncio.sleep(0)
    asked_meanwhile = len(inner.requests)
    gate.set()
    said = await asking

    assert (asked_meanwhile, inner.requests) == (
        1,
        [replace(AHEAD, max_tokens=0, background=True), ASKED],
    )
    assert said == [replace(PROGRESS, processed_tokens=150, seconds_left=15.0), *say("Done.")]


async def test_who_waits_is_told_of_each_piece_that_is_read() -> None:
    gate = asyncio.Event()
    later = replace(PROGRESS, processed_tokens=200, seconds_left=10.0)
    inner = ScriptedGateway((PROGRESS, gate, later, asyncio.Event()), say("Done."))
    gateway = WarmingGateway(inner, clock=lambda: 0.0)
    gateway.warm(AHEAD)
    await inner.asked(1)

    stream = gateway.stream(ASKED)
    first = await anext(stream)
    gate.set()
    second = await anext(stream)
    await stream.aclose()
    await gateway.close()

    assert (first, second) == (PROGRESS, later)


async def test_any_other_request_ends_it_first() -> None:
    async with hanging() as server:
        inner = ScriptedGateway(say("Done."))
        gateway = WarmingGateway(OpenAICompatibleGateway(server.url, "m"))
        gateway.warm(AHEAD)
        await server.asked.wait()

        gateway.inner = inner
        said = await deltas(gateway, replace(ASKED, system="Be long."))
        async with asyncio.timeout(ENOUGH_SECONDS):
            await server.left.wait()

    assert said == list(say("Done."))


async def test_it_ends_when_the_way_is_closed() -> None:
    async with hanging() as server:
        gateway = WarmingGateway(OpenAICompatibleGateway(server.url, "m"))
        gateway.warm(AHEAD)
        await server.asked.wait()

        await gateway.close()
        await gateway.close()
        async with asyncio.timeout(ENOUGH_SECONDS):
            await server.left.wait()


async def test_another_beginning_takes_the_place_of_the_one_before() -> None:
    async with hanging() as server:
        gateway = WarmingGateway(OpenAICompatibleGateway(server.url, "m"))
        gateway.warm(AHEAD)
        await server.asked.wait()

        gateway.inner = ScriptedGateway(say(""), say("Done."))
        gateway.warm(LONG)
        said = await deltas(gateway, replace(LONG, messages=(*LONG.messages[:-1], UserMessage(text="More."))))
        async with asyncio.timeout(ENOUGH_SECONDS):
            await server.left.wait()

    assert said == list(say("Done."))


async def test_that_it_fails_is_told_to_nobody() -> None:
    inner = ScriptedGateway(GatewayUnavailable("gone"), say("Done."))
    gateway = WarmingGateway(inner)
    gateway.warm(AHEAD)

    said = await deltas(gateway, ASKED)

    assert said == list(say("Done."))


async def test_who_is_cancelled_while_it_is_read_leaves_it_to_the_next() -> None:
    gate = asyncio.Event()
    inner = ScriptedGateway((gate, *say("")), say("Done."))
    gateway = WarmingGateway(inner)
    gateway.warm(AHEAD)
    await inner.asked(1)

    asking = asyncio.create_task(deltas(gateway, ASKED))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    gate.set()
    said = await deltas(gateway, ASKED)

    assert (said, len(inner.requests)) == (list(say("Done.")), 2)


LONG = replace(
    ASKED,
    messages=(*ASKED.messages, AssistantMessage(parts=(Text(text="Done."),)), UserMessage(text="")),
)


@pytest.mark.parametrize("manner", [PLAIN, LLAMA], ids=["one token", "llama.cpp"])
@pytest.mark.parametrize(
    ("ahead", "asked"),
    [(AHEAD, ASKED), (LONG, replace(LONG, messages=(*LONG.messages[:-1], UserMessage(text="More."))))],
    ids=["new", "resumed"],
)
def test_the_bytes_of_the_prompt_are_those_the_request_begins_with(
    ahead: ModelRequest, asked: ModelRequest, manner: Manner
) -> None:
    writer = PrefixWriter("m", manner)
    read = writer.body(replace(ahead, max_tokens=0))
    sent = writer.body(asked)

    end = b'"}],' + json.dumps(manner.no_reply, separators=(",", ":")).encode()[1:]
    assert read.endswith(end)
    assert sent.startswith(read.removesuffix(end))
    assert sent == PrefixWriter("m", manner).body(asked)
