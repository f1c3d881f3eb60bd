"""A request as JSON bytes: each one begins with the bytes of the one before it.

    {"model":…,"stream":true,…,"tools":[…],"messages":[ system , m1 , m2        ]}
    {"model":…,"stream":true,…,"tools":[…],"messages":[ system , m1 , m2 , m3 , m4 ]}
     └──────────────── kept, never written a second time ────────────────┘

Only fields that its server knows are sent, and an unknown one gets those of OpenAI (see `gate/manner.py`).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import field
from hashlib import sha256
from operator import is_
from typing import Never, assert_never

from core.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from core.protocols import ModelRequest
from core.records import dataclass
from core.tools import ToolSpec
from gate.manner import PLAIN, Manner
from gate.strict_template import StrictTemplate

Json = dict[str, object]

SHORT_ID = 9
LIMIT = re.compile(rb',"max_tokens":\d+\}$')
"""How a request with a limit ends."""
STREAMED: Json = {"stream": True, "stream_options": {"include_usage": True}}


@dataclass
class PrefixWriter:
    """Writes the requests of a session; a message that was written before costs nothing but a look."""

    model: str
    manner: Manner = PLAIN
    call_ids: set[str] = field(default_factory=set)
    """The ids of all calls in the last request; a new set whenever the history is another one."""
    _head: tuple[object, ...] = ()
    _messages: tuple[Message, ...] = ()
    _written: bytearray = field(default_factory=bytearray)
    _template: StrictTemplate = field(init=False)

    def body(self, request: ModelRequest) -> bytes:
        if not self._continues(request):
            self._restart(request)
        new = request.messages[len(self._messages) :]
        for message in new:
            for said in self._template.said(message):
                self._written += b"" if self._written.endswith(b"[") else b","
                self._written += compact(message_json(said, self.manner))
        self._messages = request.messages
        self.call_ids.update(
            call.id for message in new if isinstance(message, AssistantMessage) for call in message.calls
        )
        return b"".join((self._written, b"]", self._behind(request), b"}"))

    def _behind(self, request: ModelRequest) -> bytes:
        """What stands behind the messages, so that the prompt's bytes are those of any other request."""
        fields: Json = {}
        if request.held_to:
            from gate.holding import openai_fields  # few sessions ever need it

            fields.update(openai_fields(request.held_to))
        if request.max_tokens is not None:
            fields.update({"max_tokens": request.max_tokens} if request.max_tokens else self.manner.no_reply)
        return b"," + compact(fields)[1:-1] if fields else b""

    def _continues(self, request: ModelRequest) -> bool:
        before, now = self._messages, request.messages
        return self._head == _head(request) and len(before) <= len(now) and all(map(is_, before, now))

    def _restart(self, request: ModelRequest) -> None:
        self._head, self._messages, self.call_ids = _head(request), (), set()
        self._template = StrictTemplate(self.manner, request.system)
        head = request_head(self.model, self.manner, request)
        begun = compact({**head, "messages": self._template.system_message})
        self._written = bytearray(begun.removesuffix(b"]}"))


def _head(request: ModelRequest) -> tuple[object, ...]:
    return request.system, request.tools


def request_body(model: str, request: ModelRequest) -> bytes:
    """The whole request, as a `PrefixWriter` that never wrote before would put it."""
    return PrefixWriter(model).body(request)


def request_head(model: str, manner: Manner, request: ModelRequest) -> Json:
    """All of a request but its messages, which come last."""
    head: Json = {"model": model, **STREAMED, **manner.sampling}
    if manner.tells_progress:
        head["return_progress"] = True
    if request.tools:
        head["tools"] = [_tool(spec) for spec in request.tools]
        if manner.forbids_more:
            head["parallel_tool_calls"] = False
    return head


def unstreamed(body: bytes) -> bytes:
    """The same request for an answer in one piece, which may be as short as can be."""
    streamed = compact(STREAMED)[1:-1]
    return LIMIT.sub(b"}", body).replace(streamed, b'"stream":false,"max_tokens":1', 1)


def message_json(message: Message, manner: Manner = PLAIN) -> Json:
    match message:
        case UserMessage():
            return {"role": "user", "content": _user_content(message)}
        case ToolMessage(call_id=call_id, whole=text):
            return {"role": "tool", "tool_call_id": _call_id(call_id, manner), "content": text}
        case AssistantMessage(text=text, calls=calls):
            # Beside calls some servers refuse null and others fail on it in their template; all take "".
            spoken: Json = {"role": "assistant", "content": text}
            if message.thinking and manner.thinking_field:
                spoken[manner.thinking_field] = message.thinking
            elif message.thinking and manner.thinking_marks:
                spoken["content"] = message.thinking.join(manner.thinking_marks) + text
            if calls:
                spoken["tool_calls"] = [_call(call, manner) for call in calls]
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


def _call(call: ToolCall, manner: Manner) -> Mapping[str, object]:
    function = {"name": call.name, "arguments": well_formed(call.arguments)}
    return {**call.extra, "id": _call_id(call.id, manner), "type": "function", "function": function}


def _call_id(call_id: str, manner: Manner) -> str:
    """The id itself; for a strict template, where it is not as it wants, another that is always the same."""
    if not manner.short_ids or (len(call_id) == SHORT_ID and call_id.isascii() and call_id.isalnum()):
        return call_id
    return sha256(call_id.encode()).hexdigest()[:SHORT_ID]


def _tool(spec: ToolSpec) -> Json:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is not JSON")
