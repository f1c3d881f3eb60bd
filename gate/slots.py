"""One gate for each endpoint: as many requests at a time as it has slots, the background after all others.

Two conversations in one slot push each other out of its cache, and each then reads its whole prompt again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import field

from core.deltas import Delta
from core.protocols import Gateway, ModelRequest
from core.records import dataclass

Waiting = deque[asyncio.Future[None]]


@dataclass
class Slots:
    """The places at one endpoint. Who waits for a place and is cancelled leaves no trace."""

    count: Callable[[], int | None] = lambda: None
    """Asked whenever a place is given away, for it may become known late; 1 where nobody knows."""
    _taken: int = 0
    _first: Waiting = field(default_factory=deque)
    _background: Waiting = field(default_factory=deque)

    @asynccontextmanager
    async def place(self, *, background: bool) -> AsyncIterator[None]:
        """Hold a place meanwhile."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._background if background else self._first).append(turn)
        self._give()
        try:
            await turn
            yield
        finally:
            turn.cancel()  # which one that was given a place no longer can be
            if not turn.cancelled():
                self._taken -= 1
                self._give()

    def _give(self) -> None:
        while self._taken < (self.count() or 1) and (waiting := self._first or self._background):
            if not (turn := waiting.popleft()).cancelled():
                turn.set_result(None)
                self._taken += 1


@dataclass(frozen=True)
class SlotGateway:
    """Asks when a place is free."""

    inner: Gateway
    slots: Slots = field(default_factory=Slots)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        async with (
            self.slots.place(background=request.background),
            aclosing(self.inner.stream(request)) as deltas,
        ):
            async for delta in deltas:
                yield delta
