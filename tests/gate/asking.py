"""What the tests of gateways share."""

from collections.abc import Iterable

from core.deltas import Delta, ReplyBuilder
from core.messages import AssistantMessage, UserMessage
from core.protocols import Gateway, ModelRequest
from core.tools import ToolSpec


def request(text: str = "Hi", *, tools: Iterable[str] = (), max_tokens: int | None = None) -> ModelRequest:
    return ModelRequest(
        system="Be brief.",
        messages=(UserMessage(text=text),),
        tools=tuple(ToolSpec(name=name, description=name, parameters={"type": "object"}) for name in tools),
        max_tokens=max_tokens,
    )


async def deltas(gateway: Gateway, asked: ModelRequest | None = None) -> list[Delta]:
    return [delta async for delta in gateway.stream(asked or request())]


def built(pieces: Iterable[Delta]) -> AssistantMessage:
    builder = ReplyBuilder()
    for delta in pieces:
        builder.add(delta)
    return builder.build()


async def reply(gateway: Gateway, asked: ModelRequest | None = None) -> AssistantMessage:
    return built(await deltas(gateway, asked))
