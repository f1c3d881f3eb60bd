"""A reply is asked to be no longer than the window has room for."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import field, replace

from core.deltas import Delta
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from core.tokens import Tally
from core.tools import ToolSpec
from core.values import encode
from gate.live_window import LiveWindow

MARGIN_TOKENS = 256
"""For what a template adds, and for what was not counted to the token."""


@dataclass
class ReplyRoom:
    """Sets or lowers `max_tokens`, so that prompt and reply fit the window together.

    A request that names none is left so until a server has said how long a prompt was: servers end a reply
    where their window ends, and a guess would end it too soon.
    """

    inner: Gateway
    window: LiveWindow
    thinking: bool = False
    """Whether the thinking of earlier replies is sent back."""
    _head: tuple[str, tuple[ToolSpec, ...]] = ("", ())
    _tally: Tally = field(default_factory=lambda: Tally(0))

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        async with aclosing(self.inner.stream(self._bounded(request))) as deltas:
            async for delta in deltas:
                yield delta

    def _bounded(self, request: ModelRequest) -> ModelRequest:
        window = self.window.known_tokens
        if window is None:
            return request
        head = (request.system, request.tools)
        if head != self._head:
            self._head = head
            self._tally = Tally(len(request.system) + len(encode(request.tools)), self.thinking)
        count = self._tally.count(request.messages)
        wished = request.max_tokens
        if wished is None and count.source == "estimate":
            return request
        left = max(window - count.tokens - MARGIN_TOKENS, MARGIN_TOKENS)
        return replace(request, max_tokens=left if wished is None else min(wished, left))
