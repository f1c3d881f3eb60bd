"""A reply on its way to whoever asked for it: in one piece, or as a stream of events.

asked ─▶ Telling ─▶ Course ─▶ Words ─┬─▶ one JSON object
                                     └─▶ event* [DONE]     what is there at once is written at once
"""

import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.deltas import ReplyBuilder
from servr.native.api.answers import Envelope, encode, end_of
from servr.native.api.bodies import Gone, Receive
from servr.native.api.course import Course
from servr.native.api.errors import refusal_of
from servr.native.api.telling import Telling
from servr.native.asking import Asked, Engine, Reading, Refused, Token, Told

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SILENCE_SECONDS = 5.0
STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(frozen=True)
class Answer:
    """JSON, or text, in one piece."""

    content: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = self.content if isinstance(self.content, str) else json.dumps(self.content, ensure_ascii=False)
        body = text.encode(errors="replace")
        named = {**self.headers, "content-type": self.media_type, "content-length": str(len(body))}
        headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in named.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def refusal(error: Exception) -> Answer:
    found = refusal_of(error)
    return Answer(found.body, found.status, dict(found.headers))


@dataclass(frozen=True)
class Reply:
    """Asks when it is called, and answers; an error before the first word is raised, a later one is told."""

    engine: Engine
    asked: Asked
    course: Course
    envelope: Envelope
    streams: bool
    tells_usage: bool
    silence_seconds: float = SILENCE_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        source = self.engine.ask(self.asked)
        try:
            async with Telling(source, receive, self.silence_seconds) as telling:
                if self.streams:
                    await self._stream(telling, send)
                    return
                whole = await self._whole(telling)
        except Gone:
            return
        await Answer(whole)(scope, receive, send)

    async def _whole(self, telling: Telling) -> object:
        builder, told = ReplyBuilder(), list[Token]()
        async for batch in telling.batches():
            said, tokens = self.course.take(batch)
            told += tokens
            for delta in said:
                builder.add(delta)
        return self.envelope.whole(self.course, builder, told)

    async def _stream(self, telling: Telling, send: Send) -> None:
        begun = False
        try:
            async for batch in telling.batches():
                text = self._events(batch)
                if not begun:
                    await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
                    opening = self.envelope.words.opening()
                    text = (self.envelope.chunk(opening) if opening else "") + text
                    begun = True
                await _send_text(send, text)
        except Refused as error:
            if not begun:
                raise
            await _send_text(send, f"data: {encode(refusal_of(error).body)}\n\n", more=False)
            return
        await _send_text(send, "".join(self._end()), more=False)

    def _events(self, batch: Sequence[Told]) -> str:
        said, tokens = self.course.take(batch)
        choices = self.envelope.words.choices(said, tokens)
        return "".join(map(self.envelope.chunk, choices)) or _comment(batch)

    def _end(self) -> Iterator[str]:
        last = self.envelope.words.last(self.course.finish)
        end = end_of(self.course)
        if self.tells_usage:
            yield self.envelope.chunk(last)
            yield self.envelope.chunk("", f",{encode(end)[1:-1]}")
        else:
            yield self.envelope.chunk(last, f',"timings":{encode(end["timings"])}')
        yield "data: [DONE]\n\n"


def _comment(batch: Sequence[Told]) -> str:
    """What keeps the connection alive while there is nothing to say."""
    if not batch:
        return ": keep-alive\n\n"
    last = batch[-1]
    if not isinstance(last, Reading):
        return ""
    cached = f" cached {last.cached_tokens}" if last.cached_tokens else ""
    return f": prefill {last.read_tokens}/{last.prompt_tokens}{cached}\n\n"


async def _send_text(send: Send, text: str, *, more: bool = True) -> None:
    if text or not more:
        body = text.encode(errors="replace")
        await send({"type": "http.response.body", "body": body, "more_body": more})
