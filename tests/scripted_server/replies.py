"""What the scripted model answers: words and calls, and every way in which a server spoils them.

A `Spoken` is what the model means; its `Wire` says how the server writes it down. A
`Reply` is the answer byte by byte, for what no model would mean: refusals, noise, a
connection that drops before the first byte.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from threading import Event
from typing import Literal

from tests.scripted_server.recorded import Recorded

Headers = tuple[tuple[str, str], ...]


class Gate:
    """A place where the server stops until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = Event()
        self.opened = Event()

    def open(self) -> None:
        self.opened.set()


@dataclass(frozen=True)
class Pause:
    """A wait by the clock, for servers started by hand."""

    seconds: float


@dataclass(frozen=True)
class Drop:
    """The connection breaks here, without an end of the answer."""


Action = bytes | Gate | Pause | Drop


@dataclass(frozen=True)
class Reply:
    body: tuple[Action, ...]
    status: int = 200
    headers: Headers = (("content-type", "application/json"),)


@dataclass(frozen=True)
class Wire:
    """How a server writes a reply down; each field is a difference seen between real servers."""

    index: bool = True
    """Whether a call delta says which call it belongs to."""
    ids: bool = True
    """Whether calls have ids."""
    name_repeated: bool = False
    """Whether each piece of a call bears the name again."""
    arguments: Literal["pieces", "whole", "object"] = "pieces"
    """In how many deltas arguments come, or whether they come as an object where text is due."""
    finish_apart: bool = True
    """Whether the finish reason has a chunk of its own."""
    usage: Literal["last", "extra", "none"] = "extra"
    thinking_field: Literal["reasoning_content", "reasoning"] = "reasoning_content"
    newline: str = "\n"
    comments: bool = False
    """Whether comments stand between the events, as servers send them to keep a connection alive."""
    done: bool = True
    """Whether `[DONE]` ends the stream."""
    streams: bool = True
    """False: the answer is one JSON object even if a stream was asked for."""


@dataclass(frozen=True)
class Call:
    name: str
    arguments: str
    """JSON text; broken JSON is sent as it is."""
    id: str = ""
    """Empty: made from the number of the request."""


@dataclass(frozen=True)
class Spoken:
    pieces: tuple[str | Gate | Pause, ...] = ()
    thinking: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    finish: str = ""
    """Empty: `tool_calls` when there are calls, else `stop`."""
    before: tuple[Action, ...] = ()
    """What is sent before the first event, during a slow prefill say."""
    ending: Literal["whole", "dropped", "unfinished", "error"] = "whole"
    """`dropped`: the connection breaks. `unfinished`: the stream ends in order, but without a finish."""
    error: Mapping[str, object] = field(default_factory=dict)
    """What the error event at the end says when `ending` is "error"."""
    wire: Wire = Wire()
    usage: tuple[int, int] = (100, 10)


Step = Spoken | Reply | Callable[[Recorded], Spoken | Reply]


def say(*pieces: str | Gate | Pause, thinking: Sequence[str] = (), wire: Wire = Wire()) -> Spoken:
    return Spoken(pieces=pieces, thinking=tuple(thinking), wire=wire)


def call(name: str, /, **arguments: object) -> Spoken:
    return calls((name, arguments))


def calls(*named: tuple[str, Mapping[str, object]]) -> Spoken:
    """Several calls in one reply."""
    return Spoken(calls=tuple(Call(name, json.dumps(arguments)) for name, arguments in named))


def call_with(name: str, arguments: str) -> Spoken:
    """A call whose arguments are this very text."""
    return Spoken(calls=(Call(name, arguments),))


def written_call(name: str, /, **arguments: object) -> Spoken:
    """A call written into the text, as models do whose server knows no tools."""
    written = json.dumps({"name": name, "arguments": arguments})
    return say("<tool_call>\n", written, "\n</tool_call>")


def as_written(spoken: Spoken, wire: Wire) -> Spoken:
    return replace(spoken, wire=wire)


def dropped(spoken: Spoken) -> Spoken:
    """The connection breaks after what is said here."""
    return replace(spoken, ending="dropped")


def unfinished(spoken: Spoken) -> Spoken:
    """The stream ends in order after what is said here, but nothing says that the reply is whole."""
    return replace(spoken, ending="unfinished")


def failing(spoken: Spoken, **error: object) -> Spoken:
    """An error event follows what is said here, inside the stream with status 200."""
    return replace(spoken, ending="error", error=error)


def slowly(spoken: Spoken, *waits: Gate | Pause) -> Spoken:
    """Comments and waits first, as while a long prompt is read."""
    between = [action for wait in waits for action in (b": reading the prompt\n\n", wait)]
    return replace(spoken, before=tuple(between))


def refuse(status: int, message: str, **headers: str) -> Reply:
    """An HTTP error; `retry_after="1"` becomes the header Retry-After."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": status}}).encode()
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Reply((body,), status, (("content-type", "application/json"), *named))


def rate_limited_until(epoch_seconds: float) -> Reply:
    """429 with Retry-After as a date, which has no finer grain than a second."""
    return refuse(429, "Too many requests.", retry_after=formatdate(epoch_seconds, usegmt=True))


def raw(*actions: Action, status: int = 200, media_type: str = "text/event-stream") -> Reply:
    return Reply(actions, status, (("content-type", media_type),))


def unanswered() -> Reply:
    """The connection drops before anything is answered."""
    return Reply((Drop(),))


OVERFLOWS: dict[str, str] = {
    "llama-server": '{"error":{"code":400,"message":"request (%(tokens)d tokens) exceeds the available context size (%(window)d tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":%(tokens)d,"n_ctx":%(window)d}}',
    "vllm": '{"error":{"message":"This model\'s maximum context length is %(window)d tokens. However, your prompt contains %(tokens)d input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.","type":"BadRequestError","param":null,"code":400}}',
    "sglang": '{"object":"error","message":"The input (%(tokens)d tokens) is longer than the model\'s context length (%(window)d tokens).","type":"BadRequestError","param":null,"code":400}',
    "tabbyapi": '{"detail":{"error":{"code":"context_length_exceeded","message":"Prompt length %(tokens)d exceeds the available context size of %(window)d tokens"}}}',
    "lm-studio": '{"error":"The number of tokens to keep from the initial prompt is greater than the context length (n_keep: %(tokens)d >= n_ctx: %(window)d). Try to load the model with a larger context length, or provide a shorter prompt."}',
    "ollama": '{"error":{"message":"the prompt is longer than the context length currently available to the model; prompt %(tokens)d, context %(window)d","type":"invalid_request_error"}}',
    "llama-cpp-python": '{"error":{"message":"This model\'s maximum context length is %(window)d tokens. However, you requested %(tokens)d tokens. Please reduce the length of the messages or completion.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}',
}
"""How each server says that a prompt is too long."""


def overflow(tokens: int, window: int, server: str = "llama-server") -> Reply:
    body = OVERFLOWS[server] % {"tokens": tokens, "window": window}
    return Reply((body.encode(),), 400)
