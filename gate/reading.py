"""How a server reads prompts: what it keeps of the one before, and how long the rest takes.

request ─┬─ begins like the one before ──▶ will be kept ─┬─▶ ProgressDelta, reckoned, until the server speaks
         └─ what is new ─────────────────▶ will be read ─┘
usage  ──── less was kept than that ─────▶ CacheLostDelta, with the first message that was another one
"""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from core.deltas import CacheLostDelta, Delta, FinishDelta, ProgressDelta
from core.messages import AssistantMessage, Message, ToolMessage, Usage, UserMessage
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from core.tools import ToolSpec
from core.values import encode, value
from gate.prefix import shared_messages

LEAST_READ_TOKENS = 200
"""Fewer say nothing of a server's speed."""
LEAST_LOST_TOKENS = 300
"""Fewer say nothing of its cache: some keep whole pages of 256 only."""
KEPT_SHARE = 0.75
"""Of the prompt before: with less of it kept, the cache was lost."""


@value
class _Read:
    """A prompt that was read."""

    request: ModelRequest
    chars: int
    tokens: int


@dataclass
class ReadingGateway:
    """Says how far the prompt is read, as well as it knows, and when the cache was lost."""

    inner: Gateway
    clock: Callable[[], float] = time.monotonic
    _before: _Read | None = None
    """The last of those somebody waited for, or that were read for their sake."""
    _tokens_per_second: float = 0.0
    _tools: tuple[tuple[ToolSpec, ...], int] = ((), 0)
    _counted: tuple[tuple[Message, ...], int] = ((), 0)
    """The messages of the last request, and how long they are together."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        before, kept, chars = self._before, 0, self._chars(request)
        if before:
            kept = _kept_tokens(before, request)
            yield self._progress(round(chars * before.tokens / before.chars), kept)
        begun, answered = self.clock(), 0.0
        async with aclosing(self.inner.stream(request)) as deltas:
            async for delta in deltas:
                if isinstance(delta, ProgressDelta):
                    yield self._timed(delta)
                    continue
                answered = answered or self.clock() - begun
                if isinstance(delta, FinishDelta) and (usage := delta.usage).prompt_tokens:
                    self._measure(usage, kept, answered)
                    if not request.background or request.max_tokens == 0:
                        self._before = _Read(request=request, chars=chars, tokens=usage.prompt_tokens)
                    if before and not request.background and (lost := _lost(before, request, usage)):
                        yield lost
                yield delta

    def _progress(self, total: int, kept: int) -> ProgressDelta:
        kept = min(kept, total)
        progress = ProgressDelta(
            processed_tokens=kept, total_tokens=total, cached_tokens=kept, estimated=True
        )
        return self._timed(progress)

    def _timed(self, progress: ProgressDelta) -> ProgressDelta:
        if progress.seconds_left is not None or not self._tokens_per_second:
            return progress
        left = max(progress.total_tokens - progress.processed_tokens, 0)
        return replace(progress, seconds_left=left / self._tokens_per_second)

    def _measure(self, usage: Usage, kept: int, seconds: float) -> None:
        """A server that does not say what it kept is taken to have kept what it could."""
        read = usage.prompt_tokens - (kept if usage.cached_tokens is None else usage.cached_tokens)
        if read >= LEAST_READ_TOKENS and seconds > 0:
            self._tokens_per_second = read / seconds

    def _chars(self, request: ModelRequest) -> int:
        if self._tools[0] is not request.tools:
            self._tools = request.tools, len(encode(request.tools))
        counted, chars = self._counted
        new = request.messages[len(counted) :]
        if request.messages[: len(counted)] != counted:
            new, chars = request.messages, 0
        self._counted = request.messages, chars + sum(map(shown_length, new))
        return 1 + len(request.system) + self._tools[1] + self._counted[1]


def shown_length(message: Message, length: Callable[[str], int] = len) -> int:
    """How long a message is in any template; thinking, which some leave out, is not counted."""
    match message:
        case UserMessage(whole=text):
            return length(text)
        case ToolMessage(text=text, notes=notes):
            return length(text) + length(notes)
        case AssistantMessage(text=text, calls=calls):
            return length(text) + sum(length(call.arguments) for call in calls)


def _kept_tokens(before: _Read, request: ModelRequest) -> int:
    """About how much of the prompt the server should have from the one before, and from its reply to that."""
    shared = shared_messages(before.request, request)
    if shared < 0:
        return 0
    replaced = sum(map(shown_length, before.request.messages[shared:]))
    reply = request.messages[shared : shared + 1] if not replaced else ()
    written = sum(shown_length(message) for message in reply if isinstance(message, AssistantMessage))
    return round((before.chars - replaced + written) * before.tokens / before.chars)


def _lost(before: _Read, request: ModelRequest, usage: Usage) -> CacheLostDelta | None:
    if usage.cached_tokens is None:
        return None
    there = min(before.tokens, usage.prompt_tokens)
    lost = there - usage.cached_tokens
    if lost < LEAST_LOST_TOKENS or usage.cached_tokens >= there * KEPT_SHARE:
        return None
    shared = shared_messages(before.request, request)
    changed = None if shared == len(before.request.messages) else shared + 1
    return CacheLostDelta(lost_tokens=lost, changed=changed)
