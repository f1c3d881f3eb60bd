"""The prompt's beginning, read by the server while the person still thinks about what to say.

the chat opens ─▶ warm(what the next request begins with) ─▶ server, for no reply
a request ──────▶ begins with it: waits, for it would read the same
              └─▶ any other: ends it first
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from core.deltas import Delta, ProgressDelta
from core.errors import GatewayError
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from gate.prefix import begins_with

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.3
"""How often who waits is told how far it is."""


@dataclass
class WarmingGateway:
    """Lets the server read a prompt in advance, one at a time."""

    inner: Gateway
    clock: Callable[[], float] = time.monotonic
    _warming: "tuple[ModelRequest, asyncio.Task[None]] | None" = None
    _progress: tuple[ProgressDelta, float] | None = None
    """The newest, and when it came."""

    def warm(self, request: ModelRequest) -> None:
        """Begin to read `request`, for which nobody waits. That it fails is told to nobody but the log."""
        silent = replace(request, max_tokens=0, background=True)
        if self._warming:
            self._warming[1].cancel()
        self._progress = None
        self._warming = silent, asyncio.create_task(self._read(silent))

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        if self._warming and begins_with(request, self._warming[0]):
            async with aclosing(self._rest(self._warming[1])) as rest:
                async for progress in rest:
                    yield progress
        else:
            await self.close()
        async with aclosing(self.inner.stream(request)) as deltas:
            async for delta in deltas:
                yield delta

    async def close(self) -> None:
        """End what is being read in advance."""
        warming, self._warming = self._warming, None
        if warming:
            warming[1].cancel()
            await asyncio.wait({warming[1]})

    async def _rest(self, reading: "asyncio.Task[None]") -> AsyncGenerator[ProgressDelta, None]:
        """Wait until all is read, and tell how far it is meanwhile."""
        told = None
        while not reading.done():
            if self._progress and self._progress is not told:
                told = self._progress
                yield _aged(*told, now=self.clock())
            await asyncio.wait({reading}, timeout=LOOK_SECONDS)

    async def _read(self, request: ModelRequest) -> None:
        try:
            async with aclosing(self.inner.stream(request)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, ProgressDelta):
                        self._progress = delta, self.clock()
        except GatewayError as error:
            logger.info("the prompt was not read in advance: %s", error)


def _aged(progress: ProgressDelta, came: float, *, now: float) -> ProgressDelta:
    """`progress` as it will be by now, if all went on as it did."""
    if progress.seconds_left is None:
        return progress
    share = min((now - came) / progress.seconds_left, 1.0) if progress.seconds_left > 0 else 1.0
    read = round((progress.total_tokens - progress.processed_tokens) * share)
    return replace(
        progress,
        processed_tokens=progress.processed_tokens + read,
        seconds_left=progress.seconds_left * (1 - share),
    )
