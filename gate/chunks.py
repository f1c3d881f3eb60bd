"""The answer of /chat/completions, in bytes of any size, as deltas.

    bytes ─▶ EventParser ─▶ chunks {choices, usage, error, …} ─▶ deltas
         └─▶ one JSON object, from servers that do not stream ─┘

Reads with plain look-ups: fields may be missing, null, or of another server's kind.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from core.deltas import Delta, FinishDelta, ProgressDelta, TextDelta, ThinkingDelta
from core.errors import GatewayError, RequestRejected, StreamBroken
from core.messages import Finish, Usage
from core.records import dataclass
from gate.call_pieces import CallPieces
from gate.server_sent_events import COMMENT, EventParser, ServerSentEvent

QUOTE_CHARS = 200
MOST_DIGITS = 10
CUT = ("length", "max_tokens", "model_length")
BROKEN = ("error", "abort", "function_call_filter")
"""How a finish reason begins when the server gave up; asking again may help."""

Json = Mapping[str, object]
Refuse = Callable[[int | None, str], GatewayError]


@dataclass
class ReplyReader:
    """Reads one reply."""

    refuse: Refuse
    """Makes the error of a status, if there is one, and a body."""
    calls: CallPieces = field(default_factory=CallPieces)
    max_tokens: int | None = None
    done: bool = False
    """Whether the server said that nothing more will come."""
    _reason: str = ""
    _usage: Usage = field(default_factory=Usage)
    _events: EventParser = field(default_factory=EventParser)
    _document: bytearray = field(default_factory=bytearray)
    _streams: bool | None = None

    @property
    def whole(self) -> bool:
        """Whether all of the reply is here, though usage may be missing."""
        return self.done or bool(self._reason)

    @property
    def silent(self) -> bool:
        """Whether nothing has come at all."""
        return self._streams is None

    def feed(self, piece: bytes) -> Iterator[Delta]:
        if not self._streams:
            self._document += piece
            piece = self._begun()
        if self._streams:
            for event in self._events.feed(piece):
                yield from self._take(event)

    def close(self) -> Iterator[Delta]:
        """The end of the answer.

        Raises:
            StreamBroken: if it came in the middle of the reply.
        """
        if self._streams is False:
            yield from self._take_document(self._document.decode(errors="replace"))
        for event in self._events.close():
            yield from self._take(event)
        if not self.whole:
            raise StreamBroken("The server stopped in the middle of a reply.")
        yield FinishDelta(finish=self._finish(), usage=self._usage)

    def _begun(self) -> bytes:
        """Decide by the first character what this is; what was held back comes out for a stream."""
        start = self._document.lstrip()
        if self._streams is False or not start:
            return b""
        self._streams = not start.startswith((b"{", b"<"))
        return bytes(self._document)

    def _take_document(self, text: str) -> Iterator[Delta]:
        if text.lstrip().startswith("<"):
            raise RequestRejected("The server answered with an HTML page.", hint="Is this the /v1 URL?")
        chunk = _parsed(text)
        if "choices" not in chunk and not _is_error(chunk):
            raise StreamBroken(f"The server sent something that is no reply: {text[:QUOTE_CHARS]!r}.")
        yield from self._read(chunk, text)
        self.done = True

    def _take(self, event: ServerSentEvent) -> Iterator[Delta]:
        if self.done:
            return
        if event.data.strip() == "[DONE]":
            self.done = True
        elif event.name == COMMENT:
            yield from _read_tokens(event.data)
        elif event.name == "error":
            raise self.refuse(_status(event.data), event.data)
        else:
            yield from self._read(_parsed(event.data), event.data)

    def _read(self, chunk: Json, text: str) -> Iterator[Delta]:
        if _is_error(chunk):
            raise self.refuse(_status(text), text)
        if isinstance(progress := chunk.get("prompt_progress"), Mapping):
            yield _progress(progress)
        self._usage = _usage(chunk) or self._usage
        match chunk.get("choices"):
            case [Mapping() as choice, *_]:
                yield from self._said(choice)
                self._reason = _text(choice.get("finish_reason")) or self._reason

    def _said(self, choice: Json) -> Iterator[Delta]:
        said = choice.get("delta") or choice.get("message")
        if not isinstance(said, Mapping):
            return
        if thought := _text(said.get("reasoning_content")) or _text(said.get("reasoning")):
            yield ThinkingDelta(text=thought)
        if text := _text(said.get("content")):
            yield TextDelta(text=text)
        pieces, legacy = said.get("tool_calls"), said.get("function_call")
        for place, piece in enumerate(pieces if isinstance(pieces, list) else ()):
            if isinstance(piece, Mapping):
                yield self.calls.delta({"index": place, **piece} if "message" in choice else piece)
        if isinstance(legacy, Mapping) and not pieces:  # llama-cpp-python says a call both ways
            yield self.calls.delta({"function": legacy})

    def _finish(self) -> Finish:
        reason = self._reason.lower()
        if reason.startswith(BROKEN):
            raise StreamBroken(f"The server gave up in the middle of a reply ({self._reason}).")
        if reason.startswith("content_filter"):
            raise RequestRejected(
                f"The server withheld the reply ({self._reason}).", hint="Say it differently."
            )
        if reason in CUT:
            return Finish.LENGTH
        if not len(self.calls):
            return Finish.DONE
        # Some servers say `tool_calls` although they stopped at the limit.
        at_limit = self.max_tokens is not None and self._usage.reply_tokens >= self.max_tokens
        return Finish.LENGTH if at_limit and self.calls.cut_off else Finish.CALLS


def _parsed(text: str) -> Json:
    try:
        chunk = json.loads(text)
    except (ValueError, RecursionError):
        chunk = None
    if not isinstance(chunk, dict):
        raise StreamBroken(f"The server sent something that is no chunk: {text[:QUOTE_CHARS]!r}.")
    return chunk


def _is_error(chunk: Json) -> bool:
    return bool(chunk.get("error")) or chunk.get("object") == "error"


def _status(text: str) -> int | None:
    """The number an error bears, where it is one of HTTP's."""
    try:
        said = json.loads(text)
    except ValueError:
        return None
    while isinstance(said, Mapping):
        code = said.get("code", said.get("status_code"))
        if isinstance(code, int | str) and str(code).isdecimal() and 400 <= int(code) < 600:
            return int(code)
        said = said.get("error")
    return None


def _usage(chunk: Json) -> Usage | None:
    match chunk:
        case {"usage": Mapping() as usage}:
            return Usage(
                prompt_tokens=_count(usage, "prompt_tokens"),
                cached_tokens=_cached(usage, chunk),
                reply_tokens=_count(usage, "completion_tokens"),
            )
        case {"timings": Mapping() as timings}:
            cached = _count(timings, "cache_n")
            read, written = _count(timings, "prompt_n"), _count(timings, "predicted_n")
            return Usage(prompt_tokens=cached + read, cached_tokens=cached, reply_tokens=written)
    return None


def _cached(usage: Json, chunk: Json) -> int | None:
    places = (usage.get("prompt_tokens_details"), "cached_tokens"), (chunk.get("timings"), "cache_n")
    told = (
        _count(place, name)
        for place, name in places
        if isinstance(place, Mapping) and place.get(name) is not None
    )
    return max(told, default=None)


def _read_tokens(words: str) -> Iterator[ProgressDelta]:
    """As Roost's own server tells it in comments; whoever else may: it only moves a number."""
    match words.split():
        case ["prefill", told, *cached]:
            read, _, total = told.partition("/")
            numbers = [read, total, *cached[1:2]] if cached[:1] == ["cached"] else [read, total]
            if all(number.isdecimal() and len(number) < MOST_DIGITS for number in numbers):
                processed, all_tokens, kept = (*map(int, numbers), 0)[:3]
                yield ProgressDelta(processed_tokens=processed, total_tokens=all_tokens, cached_tokens=kept)


def _progress(said: Json) -> ProgressDelta:
    """What llama.cpp says: `processed` counts what was kept, `time_ms` is for the others alone."""
    processed, total, cached = (_count(said, name) for name in ("processed", "total", "cache"))
    read, seconds = processed - cached, _count(said, "time_ms") / 1000
    return ProgressDelta(
        processed_tokens=processed,
        total_tokens=total,
        cached_tokens=cached,
        seconds_left=seconds / read * max(total - processed, 0) if read > 0 and seconds > 0 else None,
    )


def _count(said: Json, name: str) -> int:
    count = said.get(name)
    return int(count) if isinstance(count, int | float) else 0


def _text(said: object) -> str:
    """Text, which a few servers send as a list of parts."""
    if isinstance(said, list):
        return "".join(_text(part.get("text")) for part in said if isinstance(part, Mapping))
    return said if isinstance(said, str) else ""
