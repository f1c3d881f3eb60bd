"""What is asked of any real server."""

import json
from collections.abc import Mapping
from contextlib import aclosing

from core.deltas import Delta, FinishDelta
from core.messages import AssistantMessage, UserMessage
from core.protocols import Gateway, ModelRequest
from core.tools import ToolSpec
from gate.call_pieces import CallIds, CallPieces
from gate.chunks import ReplyReader
from gate.errors_of import Refusal, error_of
from gate.http import HttpClient
from gate.serialising import request_body
from tests.gate.asking import built

READ = ToolSpec(
    name="read_file",
    description="Read a file.",
    parameters={
        "type": "object",
        "properties": {"path": {"type": "string", "maxLength": 8}, "start": {"type": "integer"}},
        "required": ["path", "start"],
    },
)


def asked(text: str = "Hello!", *, max_tokens: int = 24, tools: tuple[ToolSpec, ...] = ()) -> ModelRequest:
    prompt = UserMessage(text=text)
    return ModelRequest(system="Be brief.", messages=(prompt,), tools=tools, max_tokens=max_tokens)


async def deltas(gateway: Gateway, request: ModelRequest) -> list[Delta]:
    return [delta async for delta in gateway.stream(request)]


async def first_delta(gateway: Gateway, request: ModelRequest) -> Delta:
    """Its first delta; the rest is not waited for."""
    async with aclosing(gateway.stream(request)) as stream:
        return await anext(stream)


async def reply_with(
    url: str, model: str, request: ModelRequest, fields: Mapping[str, object]
) -> AssistantMessage:
    """The reply to `request` with fields of this server's own."""
    body = json.dumps({**json.loads(request_body(model, request)), **fields}).encode()
    http = HttpClient(url)
    reader = ReplyReader(
        lambda status, text: error_of(Refusal(url=url, status=status, body=text)),
        CallPieces(CallIds(frozenset())),
        request.max_tokens,
    )
    pieces: list[Delta] = []
    try:
        async with http.post("chat/completions", body) as answer:
            assert answer.status == 200, await answer.text()
            async for piece in answer.pieces:
                pieces += reader.feed(piece)
        pieces += reader.close()
    finally:
        await http.close()
    return built(pieces)


def finish(pieces: list[Delta]) -> FinishDelta:
    last = pieces[-1]
    assert isinstance(last, FinishDelta)
    return last
