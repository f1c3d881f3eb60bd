"""How far an exam is, on standard error: a bar that moves in a terminal, a line for each check elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from boot.calibrate.checks import Check

WIDTH = 20
TICK_SECONDS = 0.5
CLEAR_LINE = "\r\x1b[K"


@dataclass(frozen=True)
class Progress:
    count: int
    """Of checks."""
    out: TextIO = field(default_factory=lambda: sys.stderr)
    begun: float = field(default_factory=time.monotonic)

    @contextmanager
    def __call__(self, number: int, check: Check) -> Iterator[None]:
        """Shows `check` while it runs, after `number` others."""
        if not self.out.isatty():
            self.out.write(f"roost: {number + 1} of {self.count}: {check.title}\n")
            yield
            return
        over = threading.Event()
        drawing = threading.Thread(target=self._draw, args=(number, check, over))
        drawing.start()
        try:
            yield
        finally:
            over.set()
            drawing.join()

    def _draw(self, number: int, check: Check, over: threading.Event) -> None:
        full = WIDTH * number // self.count
        bar = "█" * full + "░" * (WIDTH - full)
        while True:
            minutes, seconds = divmod(int(time.monotonic() - self.begun), 60)
            self.out.write(
                f"{CLEAR_LINE}{bar} {number + 1} of {self.count}  {check.title}  {minutes}:{seconds:02}"
            )
            self.out.flush()
            if over.wait(TICK_SECONDS):
                break
        self.out.write(CLEAR_LINE)
        self.out.flush()
