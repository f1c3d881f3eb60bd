"""Ollama's JSON: a request as bytes that begin with those of the one before it, and its lines as deltas."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import is_
from typing import assert_never

from core.deltas import CallDelta, Delta, FinishDelta, TextDelta, ThinkingDelta
from core.errors import GatewayError, RequestRejected, StreamBroken
from core.messages import AssistantMessage, Finish, Message, ToolCall, ToolMessage, Usage, UserMessage
from core.protocols import ModelRequest
from core.tools import ToolSpec
from gate.call_pieces import CallIds
from gate.manner import PLAIN, Manner
from gate.serialising import compact, well_formed
from gate.server_sent_events import LONGEST_LINE_BYTES
from gate.site import Json, count, objects, text, within
from gate.strict_template import StrictTemplate

KEEP_ALIVE = "30m"
"""How long the model stays in memory after a request; by default it is five minutes."""
QUOTE_CHARS = 200
CACHED = "prompt_eval_cached_count"
"""Newer ones say how much of `prompt_eval_count` they had in their cache; of others nobody knows."""


@dataclass
class OllamaWriter:
    """Writes the requests of a session; a message that was written before costs nothing but a look."""

    model: str
    window_tokens: int
    manner: Manner = PLAIN
    thinks: bool = False
    call_ids: set[str] = field(default_factory=set)
    """The ids of all calls in the last request; a new set whenever the history is another one."""
    _names: dict[str, str] = field(default_factory=dict)
    """The tool of each call, which its answer has to name."""
    _template: StrictTemplate = field(init=False)
    _head: tuple[object, ...] = ()
    _messages: tuple[Message, ...] = ()
    _written: bytearray = field(default_factory=bytearray)

    def body(self, request: ModelRequest) -> bytes:
        if not self._continues(request):
            self._restart(request)
        for message in request.messages[len(self._messages) :]:
            for said in self._template.said(message):
                self._written += b"" if self._written.endswith(b"[") else b","
                self._written += compact(self._message(said))
        self._messages = request.messages
        return b"".join((self._written, b"],", self._behind(request), b"}"))

    def _behind(self, request: ModelRequest) -> bytes:
        """What stands behind the messages, so that the prompt's bytes are those of any other request."""
        options = {
            "num_ctx": self.window_tokens,
            "num_predict": 1 if request.max_tokens == 0 else request.max_tokens,
            **self.manner.sampling,
        }
        fields = {"options": {name: held for name, held in options.items() if held is not None}}
        if request.held_to is None:
            return compact(fields)[1:-1]
        from gate.holding import ollama_fields  # few sessions ever need it

        return compact({**fields, **ollama_fields(request.held_to)})[1:-1]

    def _continues(self, request: ModelRequest) -> bool:
        before, now = self._messages, request.messages
        return self._head == _head(request) and len(before) <= len(now) and all(map(is_, before, now))

    def _restart(self, request: ModelRequest) -> None:
        self._head, self._messages = _head(request), ()
        self.call_ids, self._names = set(), {}
        self._template = StrictTemplate(self.manner, request.system)
        begun = compact({**self._settings(request), "messages": self._template.system_message})
        self._written = bytearray(begun.removesuffix(b"]}"))

    def _settings(self, request: ModelRequest) -> dict[str, object]:
        """What stands before the messages: told to refuse what does not fit; older ones do not know that."""
        settings: dict[str, object] = {
            "model": self.model,
            "stream": True,
            "keep_alive": KEEP_ALIVE,
            "truncate": False,
            "shift": False,
        }
        if self.thinks:
            settings["think"] = True
        if request.tools:
            settings["tools"] = [_tool(spec) for spec in request.tools]
        return settings

    def _message(self, message: Message) -> Json:
        match message:
            case UserMessage(images=images):
                shown = {"images": [image.base64 for image in images]} if images else {}
                return {"role": "user", "content": message.whole, **shown}
            case ToolMessage(call_id=call_id, whole=answer):
                name = self._names.get(call_id, "")
                return {"role": "tool", "content": answer, "tool_name": name, "tool_call_id": call_id}
            case AssistantMessage():
                return self._reply(message)
            case _:
                assert_never(message)

    def _reply(self, reply: AssistantMessage) -> Json:
        self.call_ids.update(call.id for call in reply.calls)
        self._names.update((call.id, call.name) for call in reply.calls)
        said: dict[str, object] = {"role": "assistant", "content": reply.text}
        if self.manner.thinking_field and reply.thinking:
            said[self.manner.thinking_field] = reply.thinking
        if reply.calls:
            said["tool_calls"] = [_call(call) for call in reply.calls]
        return said


def _head(request: ModelRequest) -> tuple[object, ...]:
    return request.system, request.tools


def _tool(spec: ToolSpec) -> Json:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


def _call(call: ToolCall) -> Json:
    """Arguments are an object here, not its text."""
    return {
        "id": call.id,
        "function": {"name": call.name, "arguments": json.loads(well_formed(call.arguments))},
    }


@dataclass
class OllamaReader:
    """Reads one reply: a JSON object a line, the last of them with `done`."""

    refuse: Callable[[int | None, str], GatewayError]
    ids: CallIds = field(default_factory=CallIds)
    done: bool = False
    """Whether the last line was read."""
    _rest: bytearray = field(default_factory=bytearray)
    _calls: int = 0
    _end: Json = field(default_factory=dict)

    def feed(self, piece: bytes) -> Iterator[Delta]:
        self._rest += piece
        lines: list[bytearray] = []
        if b"\n" in piece:  # else a long line would be looked through with every piece
            *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            raise StreamBroken(f"The server sent a line of more than {LONGEST_LINE_BYTES} bytes.")
        for line in lines:
            yield from self._take(line.decode(errors="replace").strip())

    def close(self) -> FinishDelta:
        """The end of the answer.

        Raises:
            StreamBroken: if it came in the middle of the reply.
        """
        if not self.done:
            raise StreamBroken("The server stopped in the middle of a reply.")
        cut = text(self._end.get("done_reason")) == "length"
        finish = Finish.LENGTH if cut else Finish.CALLS if self._calls else Finish.DONE
        read, written = (count(self._end.get(name)) or 0 for name in ("prompt_eval_count", "eval_count"))
        kept = self._end.get(CACHED)
        cached = min(max(kept, 0), read) if isinstance(kept, int) else None
        usage = Usage(prompt_tokens=read, cached_tokens=cached, reply_tokens=written)
        return FinishDelta(finish=finish, usage=usage)

    def _take(self, line: str) -> Iterator[Delta]:
        if not line or self.done:
            return
        said = _parsed(line)
        if said.get("error"):
            raise self.refuse(None, line)
        message = said.get("message")
        if thought := text(within(message, "thinking")):
            yield ThinkingDelta(text=thought)
        if words := text(within(message, "content")):
            yield TextDelta(text=words)
        for call in objects(within(message, "tool_calls")):
            yield self._call(call)
        if said.get("done") is True:
            self.done, self._end = True, said

    def _call(self, call: Json) -> CallDelta:
        """A call comes whole."""
        arguments = within(call, "function", "arguments")
        written = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
        self._calls += 1
        return CallDelta(
            index=self._calls - 1,
            id=self.ids.own(text(call.get("id"))),
            name=text(within(call, "function", "name")),
            arguments=written,
        )


def _parsed(line: str) -> Json:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, Mapping):
        return said
    if line.startswith("<"):
        raise RequestRejected("The server answered with an HTML page.", hint="Is this the URL of an Ollama?")
    raise StreamBroken(f"The server sent something that is no reply: {line[:QUOTE_CHARS]!r}.")
