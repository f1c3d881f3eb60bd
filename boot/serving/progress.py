"""How much of a model has come: one line that is drawn anew; without a terminal, a line now and then."""

import shutil
import sys
import time
from collections.abc import Callable
from typing import Self, TextIO

from boot.serving.machine import gigabytes

DRAWN_SECONDS = 0.1
BAR_COLUMNS = 24
QUIET_STEPS = 10
"""So many lines there are at most without a terminal."""


class Progress:
    """Is told of bytes.

    Args:
        title: what comes.
        total: of bytes.
        begun: how many were there before.
    """

    def __init__(
        self,
        title: str,
        total: int,
        begun: int,
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title, self._total = title, max(total, 1)
        self._come = self._before = begun
        self._out = out or sys.stderr
        self._clock = clock
        self._began = self._drawn = clock()
        self._told = begun * QUIET_STEPS // self._total

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._out.isatty() and self._come > self._before:
            self._draw()
            self._out.write("\n")

    def add(self, count: int) -> None:
        self._come += count
        if self._out.isatty():
            if self._clock() - self._drawn >= DRAWN_SECONDS:
                self._draw()
        elif (step := self._come * QUIET_STEPS // self._total) > self._told:
            self._told = step
            self._out.write(f"{self._title}: {self.text}\n")
        self._out.flush()

    @property
    def text(self) -> str:
        """How much, how fast, and how long it will take."""
        seconds = self._clock() - self._began
        text = f"{gigabytes(self._come)} of {gigabytes(self._total)}"
        if seconds <= 0 or self._come <= self._before:
            return text
        speed = (self._come - self._before) / seconds
        left = max(0, self._total - self._come) / speed
        return f"{text}, {speed / 1e6:.0f} MB/s, {_duration(left)} left"

    def _draw(self) -> None:
        self._drawn = self._clock()
        full = min(BAR_COLUMNS, self._come * BAR_COLUMNS // self._total)
        line = f"{self._title}  {'█' * full}{'░' * (BAR_COLUMNS - full)}  {self.text}"
        columns = shutil.get_terminal_size().columns
        self._out.write(f"\r{line[: columns - 1]}\x1b[K")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
