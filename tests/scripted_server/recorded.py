"""What the server was sent, and what every request has to keep to."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, takewhile
from threading import Event
from typing import Any

Body = Mapping[str, Any]

KNOWN_FIELDS = frozenset(
    {
        *("model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format"),
        *("stream", "stream_options", "max_tokens", "max_completion_tokens", "stop", "seed"),
        *("temperature", "top_p", "presence_penalty", "frequency_penalty"),
    }
)
"""What every OpenAI-compatible server takes; some answer 422 to anything else."""
STREAMS = re.compile(rb'"stream"\s*:\s*true')


@dataclass
class Recorded:
    """One request, as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    arrived: float
    """`time.perf_counter()` when its headers had been read."""
    date: float
    """`time.time()` at that moment."""
    number: int = -1
    """Its place among the requests for a reply, from 0; -1 for all others."""
    status: int = 0
    """What it was answered with; 0 while it is not."""
    abandoned: bool = False
    """The client went away before the answer was whole."""
    ended: Event = field(default_factory=Event)
    """Set when nothing more is sent."""

    @cached_property
    def json(self) -> Body:
        read = json.loads(self.body)
        return read if isinstance(read, dict) else {}

    @property
    def messages(self) -> Sequence[Body]:
        messages: Sequence[Body] = self.json.get("messages", ())
        return messages

    @property
    def tools(self) -> Sequence[str]:
        return [tool["function"]["name"] for tool in self.json.get("tools", ())]

    @property
    def streams(self) -> bool:
        """Read off the bytes: to parse a long body would count as time of the step in `bench`."""
        return bool(STREAMS.search(self.body))

    @property
    def tokens(self) -> int:
        """A rough count, the same for every client: a quarter of the bytes."""
        return len(self.body) // 4

    @property
    def tool_results(self) -> list[str]:
        return [str(message["content"]) for message in self.messages if message["role"] == "tool"]


def prompt_bytes(request: Recorded) -> bytes:
    """Tools, system and messages in the order in which a template renders them."""
    parts = [request.json.get("tools", []), *request.messages]
    return b"\n".join(json.dumps(part, ensure_ascii=False).encode() for part in parts)


def kept(earlier: Recorded, later: Recorded) -> float:
    """The share of the earlier prompt with which the later one starts, from 0 to 1."""
    before, after = prompt_bytes(earlier), prompt_bytes(later)
    if after.startswith(before):
        return 1.0
    same = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    return sum(1 for _ in same) / len(before)


def prefix_breaks(requests: Sequence[Recorded]) -> list[str]:
    """Where a prompt does not start with the one before it; empty when all do."""
    return [
        f"request {later.number} keeps {kept(earlier, later):.0%} of request {earlier.number}"
        for earlier, later in pairwise(requests)
        if kept(earlier, later) < 1
    ]


def complaints(request: Recorded) -> list[str]:
    """What is wrong with a request for a reply; a strict server would refuse it for any of these."""
    body = request.json
    unknown = [f"{name!r} is not a field that every server takes" for name in body.keys() - KNOWN_FIELDS]
    return [*unknown, *_tool_complaints(body.get("tools", [])), *_message_complaints(request.messages)]


def _tool_complaints(tools: Sequence[Body]) -> Iterator[str]:
    names = [tool.get("function", {}).get("name") for tool in tools]
    if len(set(names)) < len(names):
        yield f"a tool is offered twice: {names}"
    for tool in tools:
        function = tool.get("function", {})
        if tool.get("type") != "function" or function.get("parameters", {}).get("type") != "object":
            yield f"this is no tool: {json.dumps(tool)[:200]}"


def _message_complaints(messages: Sequence[Body]) -> Iterator[str]:
    if [message["role"] for message in messages[:2]] != ["system", "user"]:
        yield "the first two messages are not those of system and user"
    if messages and messages[-1]["role"] not in {"user", "tool"}:
        yield "the last message is not one to reply to"
    for number, message in enumerate(messages):
        yield from (f"message {number}{what}" for what in _role_complaints(message, is_first=number == 0))
    yield from _pairing_complaints(messages)


def _role_complaints(message: Body, *, is_first: bool) -> Iterator[str]:
    role, content = message["role"], message.get("content")
    if role not in {"system", "user", "assistant", "tool"} or (role == "system" and not is_first):
        yield f" has the role {role!r}"
    if role == "assistant":
        yield from (f": {what}" for what in _reply_complaints(message))
    elif not isinstance(content, str | list):
        yield f" of {role} has no content"


def _pairing_complaints(messages: Sequence[Body]) -> Iterator[str]:
    """Every call is answered once, before anybody else speaks."""
    awaited: list[str] = []
    for number, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in awaited:
                yield f"message {number} answers {message.get('tool_call_id')!r}, which nobody asked"
                continue
            awaited.remove(message["tool_call_id"])
            continue
        if awaited:
            yield f"message {number}: {awaited} are not answered before a message of {message['role']}"
        awaited = [str(made.get("id")) for made in message.get("tool_calls", ())]
    if awaited:
        yield f"{awaited} are not answered"


def _reply_complaints(message: Body) -> Iterator[str]:
    made = message.get("tool_calls", ())
    if not made and not message.get("content"):
        yield "a reply with neither words nor calls"
    if len({one.get("id") for one in made}) < len(made):
        yield "two calls have one id"
    for one in made:
        function = one.get("function", {})
        if one.get("type") != "function" or not one.get("id") or not function.get("name"):
            yield f"this is no call: {json.dumps(one)[:200]}"
        elif not _is_object(function.get("arguments")):
            yield f"the arguments of {function['name']} are no JSON object: {function.get('arguments')!r:.200}"


def _is_object(arguments: object) -> bool:
    if not isinstance(arguments, str):
        return False
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
