"""Writing to a terminal, or to a pipe in its place."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from servr.drawing import Line, Style

CODES = {Style.PLAIN: "", Style.DIM: "2", Style.STRONG: "1", Style.GOOD: "32", Style.BAD: "31"}


@dataclass
class Screen:
    """Writes lines and running text. Text must have been made visible before."""

    out: TextIO
    colour: bool = False
    _line_is_open: bool = False
    _held: list[str] | None = field(default=None)

    def write(self, text: str, style: Style = Style.PLAIN) -> None:
        """Running text, shown at once."""
        if text:
            self._line_is_open = not text.endswith("\n")
            self._put(f"\x1b[{CODES[style]}m{text}\x1b[0m" if self.colour and CODES[style] else text)

    def show(self, lines: Iterable[Line]) -> None:
        """Whole lines, each on its own."""
        for line in lines:
            self.end_line()
            self.write(line.text, line.style)
            self.end_line()

    def end_line(self) -> None:
        if self._line_is_open:
            self.write("\n")

    def hold(self) -> None:
        """Keep back what is written from now on: a person is typing, and will end the line."""
        self.end_line()
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for text in held:
            self._put(text)

    def _put(self, text: str) -> None:
        if self._held is not None:
            self._held.append(text)
            return
        self.out.write(text)
        self.out.flush()


def wants_colour(out: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    return out.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
