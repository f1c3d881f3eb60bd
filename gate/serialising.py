"""A request as JSON bytes: each one begins with the bytes of the one before it.

    {"model":…,"stream":true,…,"tools":[…],"messages":[ system , m1 , m2        ]}
    {"model":…,"stream":true,…,"tools":[…],"messages":[ system , m1 , m2 , m3 , m4 ]}
     └──────────────── kept, never written a second time ────────────────┘

Only fields that every server knows are sent: some refuse a request for one they do not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import is_
from typing import Never, assert_never

from core.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from core.protocols import ModelRequest, ToolSpec

Json = dict[str, object]


@dataclass
class PrefixWriter:
    """Writes the requests of a session; a message that was written before costs nothing but a look."""

    model: str
    temperature: float | None = None
    call_ids: set[str] = field(default_factory=set)
    """The ids of all calls in the last request; a new set whenever the history is another one."""
    _head: tuple[object, ...] = ()
    _messages: tuple[Message, ...] = ()
    _written: bytearray = field(default_factory=bytearray)

    def body(self, request: ModelRequest) -> bytes:
        if not self._continues(request):
            self._restart(request)
        new = request.messages[len(self._messages) :]
        self._written += b"".join(b"," + compact(message_json(message)) for message in new)
        self._messages = request.messages
        self.call_ids.update(
            call.id for message in new if isinstance(message, AssistantMessage) for call in message.calls
        )
        return b"".join((self._written, b"]}"))

    def _continues(self, request: ModelRequest) -> bool:
        before, now = self._messages, request.messages
        return self._head == _head(request) and len(before) <= len(now) and all(map(is_, before, now))

    def _restart(self, request: ModelRequest) -> None:
        self._head, self._messages, self.call_ids = _head(request), (), set()
        head = request_head(self.model, self.temperature, request)
        system = {"role": "system", "content": request.system}
        self._written = bytearray(compact({**head, "messages": [system]}).removesuffix(b"]}"))


def _head(request: ModelRequest) -> tuple[object, ...]:
    return request.system, request.tools, request.max_tokens


def request_body(model: str, request: ModelRequest) -> bytes:
    """The whole request, as a `PrefixWriter` that never wrote before would put it."""
    return PrefixWriter(model).body(request)


def request_head(model: str, temperature: float | None, request: ModelRequest) -> Json:
    """All of a request but its messages, which come last."""
    head: Json = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    if temperature is not None:
        head["temperature"] = temperature
    if request.max_tokens is not None:
        head["max_tokens"] = request.max_tokens
    if request.tools:
        head["tools"] = [_tool(spec) for spec in request.tools]
    return head


def message_json(message: Message) -> Json:
    match message:
        case UserMessage():
            return {"role": "user", "content": _user_content(message)}
        case ToolMessage(call_id=call_id, text=text):
            return {"role": "tool", "tool_call_id": call_id, "content": text}
        case AssistantMessage(text=text, calls=calls):
            # Beside calls some servers refuse null and others fail on it in their template; all take "".
            spoken: Json = {"role": "assistant", "content": text}
            if calls:
                spoken["tool_calls"] = [_call(call) for call in calls]
            return spoken
        case _:
            assert_never(message)


def compact(item: object) -> bytes:
    """JSON as servers see it. Half a surrogate pair, which no server reads, becomes a question mark."""
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def well_formed(arguments: str) -> str:
    """`arguments` as they are when they are a JSON object; else an object that holds them as text.

    History with broken arguments is refused by servers whose template reads them.
    """
    if not arguments.strip():
        return "{}"
    try:
        if isinstance(json.loads(arguments, parse_constant=_refuse), dict):
            return arguments
    except (ValueError, RecursionError):
        pass
    return json.dumps({"invalid_json": arguments}, ensure_ascii=False)


def _user_content(message: UserMessage) -> object:
    if not message.images:
        return message.whole
    shown = [
        {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{image.base64}"}}
        for image in message.images
    ]
    return [{"type": "text", "text": message.whole}, *shown]


def _call(call: ToolCall) -> Mapping[str, object]:
    function = {"name": call.name, "arguments": well_formed(call.arguments)}
    return {**call.extra, "id": call.id, "type": "function", "function": function}


def _tool(spec: ToolSpec) -> Json:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is not JSON")
