"""The one place that both shows and asks, so that neither runs into the other."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from servr.spans import Line, Style
from servr.terminal.lines import Interrupted, Lines
from servr.terminal.screen import Screen

if TYPE_CHECKING:
    from servr.terminal.looks import Looks
    from servr.terminal.panel import Panel

T = TypeVar("T")
BREATH_SECONDS = 1.0
"""Ctrl-C pressed again so soon is the same wish."""
ANY_WIDTH = 1_000_000


async def _settled() -> None:
    """Nothing is being shown by others."""


@dataclass
class Terminal:
    screen: Screen
    lines: Lines
    panel: "Panel | None" = None
    """Where a person types apart from what is shown; None where both are in one stream."""
    looks: "Looks | None" = None
    """Where there are colours to choose."""
    settle: Callable[[], Awaitable[None]] = _settled
    """Wait until all that has happened is on the screen."""
    noticed: Callable[[], AbstractContextManager[None]] = nullcontext
    """Meanwhile a question waits: a person who looks elsewhere is told."""
    _stop: Callable[[], object] | None = None
    """Ends what runs."""
    clock: Callable[[], float] = time.monotonic
    _interrupts: int = 0
    _warned_at: float = 0.0
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def columns(self) -> int:
        """How wide a line may be; a pipe takes any."""
        return self.panel.columns if self.panel else ANY_WIDTH

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C came as the newest work was ending, too late to end it."""
        return self._interrupts > 0

    async def interruptible(self, work: Awaitable[T]) -> T:
        """Wait for `work`, which Ctrl-C ends.

        Raises:
            Interrupted: that happened.
        """
        future = asyncio.ensure_future(work)
        self._stop, self._interrupts = future.cancel, 0
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            future.cancel()
            await asyncio.wait({future})
            raise
        finally:
            self._stop = None
        if future.cancelled():
            raise Interrupted
        return future.result()

    async def ask(self, lines: Iterable[Line], prompt: str) -> str:
        """A person's answer while a turn runs; what happens meanwhile is shown after it.

        Raises:
            EOFError: nobody is there any more.
        """
        async with self._asking:
            await self.settle()
            self.screen.show(lines)
            if self.panel is None:
                self.screen.hold()
            try:
                with self.noticed():
                    return (await self.lines.answer(prompt)).strip()
            except Interrupted:
                self.interrupt()
                await asyncio.Event().wait()  # until that reaches this task
                raise
            finally:
                self.screen.release()

    def interrupt(self) -> None:
        """End what runs. Whoever was told that it is ending, and a moment later asks again, quits."""
        self._interrupts += 1
        if self._stop is not None and self._interrupts == 1:
            self._stop()
        elif self._interrupts == 2:
            self._warned_at = self.clock()
            self.screen.show([Line("stopping; Ctrl-C once more, after a moment, quits", Style.DIM)])
        elif self._interrupts > 2 and self.clock() - self._warned_at >= BREATH_SECONDS:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.raise_signal(signal.SIGINT)

    @contextmanager
    def catching_interrupts(self) -> Iterator[None]:
        """Meanwhile SIGINT is `interrupt`, where signals can be caught."""
        if os.name != "posix":
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.interrupt)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
