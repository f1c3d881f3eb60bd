"""A reply of the model as bytes: a stream of events, or one JSON object."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.scripted_server.replies import Action, Call, Drop, Reply, Spoken, Wire

Json = dict[str, Any]
STREAM = (("content-type", "text/event-stream"), ("cache-control", "no-cache"))
CREATED = 1_750_000_000
PIECE = 7
"""Characters of arguments in one delta."""


def rendered(spoken: Spoken, *, number: int, model: str, streams: bool) -> Reply:
    """`number` is that of the request; ids of calls are made from it."""
    if not (streams and spoken.wire.streams):
        body = json.dumps(_whole(spoken, number, model)).encode()
        return Reply(
            (*spoken.before, body) if spoken.ending != "dropped" else (body[: len(body) // 2], Drop())
        )
    return Reply((*spoken.before, *_events(spoken, number, model)), headers=STREAM)


def _events(spoken: Spoken, number: int, model: str) -> Iterator[Action]:
    chunks = list(_deltas(spoken, number))
    if spoken.ending == "whole":
        chunks += list(_ending(spoken, last=chunks.pop() if chunks else {}))
    for chunk in chunks:
        if not isinstance(chunk, dict):
            yield chunk
            continue
        yield _event(_chunk(chunk, model), spoken.wire)
        if spoken.wire.comments:
            yield b": still here" + 2 * spoken.wire.newline.encode()
    match spoken.ending:
        case "dropped":
            yield Drop()
        case "error":
            yield _event({"error": dict(spoken.error)}, spoken.wire)
        case "whole" if spoken.wire.done:
            yield b"data: [DONE]" + 2 * spoken.wire.newline.encode()


def _deltas(spoken: Spoken, number: int) -> Iterator[Json | Action]:
    yield {"delta": {"role": "assistant", "content": ""}}
    for thought in spoken.thinking:
        yield {"delta": {spoken.wire.thinking_field: thought}}
    for piece in spoken.pieces:
        yield {"delta": {"content": piece}} if isinstance(piece, str) else piece
    for position, call in enumerate(spoken.calls):
        for made in _call_deltas(call, position, spoken.wire, number):
            yield {"delta": {"tool_calls": [made]}}


def _call_deltas(call: Call, position: int, wire: Wire, number: int) -> Iterator[Json]:
    name = {"name": call.name}
    first: Json = {"type": "function", "function": {**name, "arguments": ""}}
    if wire.index:
        first = {"index": position, **first}
    if wire.ids:
        first["id"] = call.id or f"call-{number}-{position}"
    if wire.arguments == "object":
        yield {**first, "function": {**name, "arguments": json.loads(call.arguments)}}
        return
    if wire.arguments == "whole":
        yield {**first, "function": {**name, "arguments": call.arguments}}
        return
    yield first
    for start in range(0, len(call.arguments), PIECE):
        function = {"arguments": call.arguments[start : start + PIECE]}
        if wire.name_repeated:
            function = {**name, **function}
        yield {"index": position, "function": function} if wire.index else {"function": function}


def _ending(spoken: Spoken, last: Json | Action) -> Iterator[Json | Action]:
    """The last delta again and what says that the reply is whole."""
    closing: Json = {"finish_reason": _finish(spoken)}
    if spoken.wire.usage == "last":
        closing["usage"] = _usage(spoken)
    if spoken.wire.finish_apart or not isinstance(last, dict):
        yield last
        yield {"delta": {}, **closing}
    else:
        yield {**last, **closing}
    if spoken.wire.usage == "extra":
        yield {"usage": _usage(spoken)}


def _chunk(parts: Json, model: str) -> Json:
    chunk: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED, "model": model}
    choices = []
    if "delta" in parts:
        choices = [{"index": 0, "delta": parts["delta"], "finish_reason": parts.get("finish_reason")}]
    usage = {"usage": parts["usage"]} if "usage" in parts else {}
    return {**chunk, "choices": choices, **usage}


def _event(value: Json, wire: Wire) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}{2 * wire.newline}".encode()


def _whole(spoken: Spoken, number: int, model: str) -> Json:
    words = "".join(piece for piece in spoken.pieces if isinstance(piece, str))
    message: Json = {"role": "assistant", "content": words or None}
    if spoken.thinking:
        message[spoken.wire.thinking_field] = "".join(spoken.thinking)
    if spoken.calls:
        message["tool_calls"] = _whole_calls(spoken.calls, spoken.wire, number)
    choice = {"index": 0, "message": message, "finish_reason": _finish(spoken)}
    told = {"id": "chatcmpl-1", "object": "chat.completion", "created": CREATED, "model": model}
    return {**told, "choices": [choice], "usage": _usage(spoken)}


def _whole_calls(calls: Sequence[Call], wire: Wire, number: int) -> list[Json]:
    whole = []
    for position, call in enumerate(calls):
        arguments = json.loads(call.arguments) if wire.arguments == "object" else call.arguments
        made: Json = {"type": "function", "function": {"name": call.name, "arguments": arguments}}
        if wire.ids:
            made["id"] = call.id or f"call-{number}-{position}"
        whole.append(made)
    return whole


def _finish(spoken: Spoken) -> str:
    return spoken.finish or ("tool_calls" if spoken.calls else "stop")


def _usage(spoken: Spoken) -> Json:
    prompt, completion = spoken.usage
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
