"""What every gateway promises, whoever answers behind it."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from core.deltas import FinishDelta
from core.errors import GatewayError, GatewayUnavailable, NoAnswer, RequestRejected
from core.messages import AssistantMessage, Finish, ToolMessage
from core.protocols import Gateway, ModelRequest
from gate.fallback import FallbackGateway
from gate.offline import OfflineGateway
from gate.ollama import OllamaGateway
from gate.openai_compatible import OpenAICompatibleGateway
from gate.retrying import RetryingGateway
from gate.scripted import ScriptedGateway, call, say
from gate.text_calls import TextCallGateway
from tests.clocks import Waits
from tests.fakes import FakeOllama
from tests.fakes.ollama import called, said
from tests.gate.asking import built, deltas, reply, request
from tests.scripted_server import replies, serving

ASKED = request("Read a.txt", tools=["read_file"])


def _ring(**gateways: Gateway) -> Gateway:
    async def opened(server: str) -> Gateway:
        return gateways[server]

    return FallbackGateway(tuple(gateways), opened, next(iter(gateways)))


@asynccontextmanager
async def scripted() -> AsyncIterator[Gateway]:
    yield ScriptedGateway(call("read_file", path="a.txt"), say("Done."))


@asynccontextmanager
async def offline() -> AsyncIterator[Gateway]:
    yield OfflineGateway()


@asynccontextmanager
async def openai() -> AsyncIterator[Gateway]:
    with serving.scripted_server(replies.call("read_file", path="a.txt"), replies.say("Done.")) as server:
        gateway = OpenAICompatibleGateway(server.url, "m")
        yield gateway
        await gateway.close()


@asynccontextmanager
async def ollama() -> AsyncIterator[Gateway]:
    with FakeOllama(called("read_file", path="a.txt"), said("Done.")) as server:
        gateway = OllamaGateway(server.url, "qwen3:8b", 16_384)
        yield gateway
        await gateway.close()


@asynccontextmanager
async def retrying() -> AsyncIterator[Gateway]:
    inner = ScriptedGateway(GatewayUnavailable("gone"), call("read_file", path="a.txt"), say("Done."))
    yield RetryingGateway(inner, sleep=Waits())


@asynccontextmanager
async def fallback() -> AsyncIterator[Gateway]:
    there = ScriptedGateway(call("read_file", path="a.txt"), say("Done."))
    yield _ring(gone=ScriptedGateway(*[NoAnswer("No answer.")] * 9), there=there)


@asynccontextmanager
async def text_calls() -> AsyncIterator[Gateway]:
    written = '<tool_call>{"name": "read_file", "arguments": {"path": "a.txt"}}</tool_call>'
    yield TextCallGateway(ScriptedGateway(say(written), say("Done.")))


@pytest.fixture(params=[scripted, offline, openai, ollama, retrying, fallback, text_calls])
async def gateway(request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    async with request.param() as made:
        yield made


async def test_a_stream_ends_with_its_only_finish(gateway: Gateway) -> None:
    said = await deltas(gateway, ASKED)

    assert isinstance(said[-1], FinishDelta)
    assert [type(delta) for delta in said].count(FinishDelta) == 1


async def test_a_call_arrives_whole_and_named(gateway: Gateway) -> None:
    said = await reply(gateway, ASKED)

    (made,) = said.calls
    assert (made.name, made.arguments.replace(" ", "")) == ("read_file", '{"path":"a.txt"}')
    assert made.id
    assert said.finish is Finish.CALLS


async def test_a_conversation_goes_on_after_its_call_was_answered(gateway: Gateway) -> None:
    said = await reply(gateway, ASKED)
    answer = ToolMessage(call_id=said.calls[0].id, text="Done.")

    then = await reply(gateway, request_after(said, answer))

    assert (then.text, then.calls, then.finish) == ("Done.", (), Finish.DONE)


async def test_closing_early_leaves_the_gateway_usable(gateway: Gateway) -> None:
    async with aclosing(gateway.stream(ASKED)) as stream:
        await anext(stream)

    assert built(await deltas(gateway, ASKED)).finish in (Finish.DONE, Finish.CALLS)


REFUSING: dict[str, Callable[[], Gateway]] = {
    "scripted": lambda: ScriptedGateway(RequestRejected("no")),
    "openai": lambda: OpenAICompatibleGateway("http://127.0.0.1:1/v1", "m"),
    "ollama": lambda: OllamaGateway("http://127.0.0.1:1/v1", "m", 4096),
    "retrying": lambda: RetryingGateway(ScriptedGateway(RequestRejected("no")), sleep=Waits()),
    "fallback": lambda: _ring(gone=ScriptedGateway(NoAnswer("No answer."))),
    "text_calls": lambda: TextCallGateway(ScriptedGateway(RequestRejected("no"))),
}


@pytest.mark.parametrize("make", REFUSING.values(), ids=REFUSING.keys())
async def test_what_goes_wrong_is_a_gateway_error(make: Callable[[], Gateway]) -> None:
    with pytest.raises(GatewayError):
        await deltas(make(), ASKED)


def request_after(said: AssistantMessage, answer: ToolMessage) -> ModelRequest:
    return replace(ASKED, messages=(*ASKED.messages, said, answer))
