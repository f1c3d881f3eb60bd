"""Asking again, when the server could not be reached or the stream broke."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from core.deltas import Delta, RestartDelta
from core.errors import GatewayUnavailable, NoAnswer, RateLimited, StreamBroken
from core.protocols import Gateway, ModelRequest
from core.records import dataclass

LONGEST_WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class RetryingGateway:
    """Asks again when the gateway inside failed in a way that may pass; what would fail again is raised."""

    inner: Gateway
    attempts: int = 4
    first_wait_seconds: float = 0.5
    """Before the second attempt; doubled before each further one. A server may ask for a longer wait."""
    asks_silence: bool = True
    """Whether one that gave no answer at all is asked again; not where another one can be."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        for attempt in range(1, self.attempts + 1):
            try:
                async with aclosing(self.inner.stream(request)) as deltas:
                    async for delta in deltas:
                        yield delta
                return
            except (GatewayUnavailable, RateLimited, StreamBroken) as error:
                silent = isinstance(error, NoAnswer) and not self.asks_silence
                if silent or attempt == self.attempts:
                    raise
                reason, wait_seconds = str(error), self._wait_seconds(attempt, error)
            yield RestartDelta(reason=reason, wait_seconds=wait_seconds)
            await self.sleep(wait_seconds)

    def _wait_seconds(self, attempt: int, error: Exception) -> float:
        wait_seconds = self.first_wait_seconds * 2.0 ** (attempt - 1)
        if isinstance(error, RateLimited):
            wait_seconds = max(wait_seconds, error.retry_after_seconds)
        return min(wait_seconds, LONGEST_WAIT_SECONDS)
