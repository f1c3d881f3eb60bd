"""A reply as JSON, whole or in chunks: of a chat, or of a text that is gone on with."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Protocol

from core.deltas import CallDelta, ReplyBuilder, TextDelta, ThinkingDelta
from servr.native.api.course import Course
from servr.native.api.usage import Json, timings_of, usage_of
from servr.native.asking import Broken, Token
from servr.native.parts import Said

LEAST_LOGPROB = -9999.0
"""JSON has no number for a token that cannot come."""

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Words(Protocol):
    """How one kind of answer says what was said."""

    kind: str
    """What its chunks are called; whole, it is called the same without `.chunk`."""
    identity: str

    def opening(self) -> str:
        """The first choice of a stream, before anything was said; it may be nothing."""

    def choices(self, said: Sequence[Said], tokens: Sequence[Token]) -> Iterable[str]:
        """What stands between the brackets of a chunk's choices, a chunk each."""

    def last(self, finish: str) -> str: ...

    def whole(self, builder: ReplyBuilder, tokens: Sequence[Token], finish: str) -> Json:
        """The one choice of an answer in one piece."""


@dataclass
class ChatWords:
    kind: str = "chat.completion.chunk"
    identity: str = field(default_factory=lambda: f"chatcmpl-{token_hex(12)}")

    def opening(self) -> str:
        return _choice('"delta":{"role":"assistant","content":""}')

    def choices(self, said: Sequence[Said], tokens: Sequence[Token]) -> Iterable[str]:
        logprobs = _logprobs(tokens)
        beside = f',"logprobs":{encode(logprobs)}' if logprobs else ""
        deltas = [*map(_delta, said)] or (["{}"] if beside else [])
        for place, delta in enumerate(deltas, 1):
            yield _choice(f'"delta":{delta}{beside if place == len(deltas) else ""}')

    def last(self, finish: str) -> str:
        return _choice('"delta":{}', finish)

    def whole(self, builder: ReplyBuilder, tokens: Sequence[Token], finish: str) -> Json:
        reply = builder.build()
        message: Json = {"role": "assistant", "content": reply.text or (None if reply.calls else "")}
        if reply.thinking:
            message["reasoning_content"] = reply.thinking
        if reply.calls:
            message["tool_calls"] = [_call(call.id, call.name, call.arguments) for call in reply.calls]
        return {"index": 0, "message": message, "logprobs": _logprobs(tokens), "finish_reason": finish}


@dataclass
class PlainWords:
    kind: str = "text_completion"
    identity: str = field(default_factory=lambda: f"cmpl-{token_hex(12)}")
    _offset: int = 0
    """Characters of the tokens that were told."""

    def opening(self) -> str:
        return ""

    def choices(self, said: Sequence[Said], tokens: Sequence[Token]) -> Iterable[str]:
        logprobs = self._logprobs(tokens)
        text = "".join(piece.text for piece in said if isinstance(piece, TextDelta))
        if text or logprobs:
            yield _choice(f'"text":{encode(text)},"logprobs":{encode(logprobs)}')

    def last(self, finish: str) -> str:
        return _choice('"text":"","logprobs":null', finish)

    def whole(self, builder: ReplyBuilder, tokens: Sequence[Token], finish: str) -> Json:
        text = builder.build().text
        return {"index": 0, "text": text, "logprobs": self._logprobs(tokens), "finish_reason": finish}

    def _logprobs(self, tokens: Sequence[Token]) -> Json | None:
        told = [token for token in tokens if token.logprob is not None]
        if not told:
            return None
        offsets = []
        for token in told:
            offsets.append(self._offset)
            self._offset += len(token.text)
        return {
            "tokens": [token.text for token in told],
            "token_logprobs": [_logprob(token.logprob) for token in told],
            "top_logprobs": [
                {text: _logprob(logprob) for _, text, logprob in token.alternatives} for token in told
            ],
            "text_offset": offsets,
        }


class Envelope:
    """What stands around the words of one answer; what every chunk begins with is made once."""

    def __init__(self, words: Words, model: str, created: int) -> None:
        self.words = words
        self._head: Json = {"id": words.identity, "object": words.kind, "created": created, "model": model}
        self._start = f'data: {encode(self._head)[:-1]},"choices":['

    def chunk(self, choice: str, beside: str = "") -> str:
        """One event of a stream; `beside` are further members, each after its comma."""
        return f"{self._start}{choice}]{beside}}}\n\n"

    def whole(self, course: Course, builder: ReplyBuilder, tokens: Sequence[Token]) -> Json:
        choice = self.words.whole(builder, tokens, course.finish)
        head = {**self._head, "object": self.words.kind.removesuffix(".chunk")}
        return {**head, "choices": [choice], **end_of(course)}


def end_of(course: Course) -> Json:
    if course.ended is None:
        raise Broken("The engine stopped without an end.")
    usage = usage_of(course.ended, course.reasoning_tokens)
    return {"usage": usage, "timings": timings_of(course.ended)}


def _choice(said: str, finish: str | None = None) -> str:
    return f'{{"index":0,{said},"finish_reason":{encode(finish)}}}'


def _delta(said: Said) -> str:
    match said:
        case TextDelta(text=text):
            return f'{{"content":{encode(text)}}}'
        case ThinkingDelta(text=text):
            return f'{{"reasoning_content":{encode(text)}}}'
        case CallDelta(index=index, id="", arguments=arguments):
            call: Json = {"index": index, "function": {"arguments": arguments}}
        case CallDelta(index=index):
            call = {"index": index, **_call(said.id, said.name, said.arguments)}
    return f'{{"tool_calls":[{encode(call)}]}}'


def _call(identity: str, name: str, arguments: str) -> Json:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def _logprobs(tokens: Sequence[Token]) -> Json | None:
    told = [
        {
            **_told(token.text, token.logprob),
            "top_logprobs": [_told(text, logprob) for _, text, logprob in token.alternatives],
        }
        for token in tokens
        if token.logprob is not None
    ]
    return {"content": told, "refusal": None} if told else None


def _told(text: str, logprob: float | None) -> Json:
    spelled = None if "\ufffd" in text else list(text.encode(errors="replace"))
    return {"token": text, "logprob": _logprob(logprob), "bytes": spelled}


def _logprob(logprob: float | None) -> float:
    return LEAST_LOGPROB if logprob is None or not math.isfinite(logprob) else max(logprob, LEAST_LOGPROB)
