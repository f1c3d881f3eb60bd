"""Tool calls that a model writes into its text or its thoughts, because its server does not read them."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from core.deltas import CallDelta, Delta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.messages import AssistantMessage, Finish, Text, Thinking
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from gate.call_pieces import CallIds
from gate.dialects.table import known_family

if TYPE_CHECKING:
    from gate.dialects.pieces import Found, Piece
    from gate.dialects.rendering import TextRendering
    from gate.dialects.scanner import Scanner
    from gate.holding import HeldReply

MOST_AT_ONCE = 16
"""Deltas, taken or let out, before others have a turn: a key waits for what comes in a burst, or whole."""
MOST_CHARS = 500
"""Of a delta that is looked through at once."""
WHOLE = (Finish.DONE, Finish.CALLS)


@dataclass(frozen=True)
class TextCallGateway:
    """Turns calls written as text into calls, while they stream; all else passes as it is.

    They come at the end of the reply, and only if it came to its end, and has no calls of its own.
    A reply that is held to the arguments of a tool is a call of it, whatever its strings look like.
    """

    inner: Gateway
    family: str | None = None
    """Whose way of writing calls is looked for; None or `any`: everybody's."""

    def __post_init__(self) -> None:
        """Raises ConfigError when there is no such family."""
        known_family(self.family)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        reply, passed = self._reply(request), 0
        async with aclosing(self.inner.stream(request)) as deltas:
            async for delta in deltas:
                if isinstance(delta, RestartDelta):
                    reply = self._reply(request)
                for piece in _pieces(delta):
                    for seen in reply.take(piece):
                        yield seen
                        passed += 1
                    passed += 1
                    if passed >= MOST_AT_ONCE:
                        passed = 0
                        await asyncio.sleep(0)

    def _reply(self, request: ModelRequest) -> "_Reply | HeldReply":
        if request.held_to is None:
            return _Reply(request, self.family)
        from gate.holding import HeldReply  # few sessions ever need it

        return HeldReply(request.held_to)


@dataclass(frozen=True)
class ToldToolsGateway:
    """Tells a model of its tools in words, for it knows none otherwise; stands within the other ring."""

    inner: Gateway
    rendering: "TextRendering"

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        async with aclosing(self.inner.stream(self.rendering.request(request))) as deltas:
            async for delta in deltas:
                yield delta


def _pieces(delta: Delta) -> Iterator[Delta]:
    match delta:
        case TextDelta(text=text) | ThinkingDelta(text=text) if len(text) > MOST_CHARS:
            for start in range(0, len(text), MOST_CHARS):
                yield replace(delta, text=text[start : start + MOST_CHARS])
        case _:
            yield delta


class _Reply:
    """One reply on its way through the scanners of its text and of its thoughts."""

    def __init__(self, request: ModelRequest, family: str | None) -> None:
        self.request = request
        self.family = family
        self.thoughts: Scanner | None = None
        self.structured = False
        self.found = 0
        self.ids: CallIds | None = None

    @cached_property
    def text(self) -> "Scanner":
        return self._scanner()

    def _scanner(self, *, thinking: bool | None = None) -> "Scanner":
        from gate.dialects.scanner import Scanner  # while the model talks, not before it was asked

        return Scanner((*self.request.tools, *self.request.unlisted), self.family, thinking=thinking)

    def take(self, delta: Delta) -> Iterator[Delta]:
        match delta:
            case TextDelta(text=text) if not self.structured:
                if text.strip():
                    yield from self._end_thoughts(cut=True)
                yield from self._seen(self.text.read(text))
            case ThinkingDelta(text=text) if not self.structured:
                self.thoughts = self.thoughts or self._scanner(thinking=True)
                yield from self._seen(self.thoughts.read(text))
            case CallDelta() if not self.structured:
                yield from self._end(cut=True)
                self.structured = True
                yield delta
            case FinishDelta(finish=finish) if not self.structured:
                yield from self._end(cut=finish not in WHOLE)
                yield replace(delta, finish=Finish.CALLS) if self.found else delta
            case _:
                yield delta

    def _end(self, *, cut: bool) -> Iterator[Delta]:
        """`cut`: what was found are no calls, because the reply broke off or makes others."""
        yield from self._end_thoughts(cut=cut)
        yield from self._seen(self.text.end(cut=cut))

    def _end_thoughts(self, *, cut: bool) -> Iterator[Delta]:
        """Thoughts that came to their end called nothing; those that nothing follows ended with a call."""
        thoughts, self.thoughts = self.thoughts, None
        if thoughts:
            yield from self._seen(thoughts.end(cut=cut))

    def _seen(self, pieces: "Iterable[Piece]") -> Iterator[Delta]:
        for piece in pieces:
            match piece:
                case Text(text=text):
                    yield TextDelta(text=text)
                case Thinking(text=text):
                    yield ThinkingDelta(text=text)
                case found:
                    yield self._call(found)

    def _call(self, found: "Found") -> CallDelta:
        self.ids = self.ids or CallIds(_call_ids(self.request))
        index, self.found = self.found, self.found + 1
        call = found.call
        return CallDelta(
            index=index,
            id=self.ids.own(call.id),
            name=call.name,
            arguments=call.arguments,
            source=call.source,
            mends=tuple(dict.fromkeys(found.repairs)),
        )


def _call_ids(request: ModelRequest) -> frozenset[str]:
    replies = (message for message in request.messages if isinstance(message, AssistantMessage))
    return frozenset(call.id for reply in replies for call in reply.calls)
