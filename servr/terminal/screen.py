"""Writing to a terminal, or to a pipe in its place."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from shutil import get_terminal_size
from typing import TextIO

from servr.drawing import Line, Style, fitted

CODES = {Style.PLAIN: "", Style.DIM: "2", Style.STRONG: "1", Style.GOOD: "32", Style.BAD: "31"}


@dataclass
class Screen:
    """Writes lines and running text. Text must have been made visible before."""

    out: TextIO
    colour: bool = False
    redraws: bool = False
    """Whether a line that was written can be taken back."""
    masked: Callable[[str], str] = str
    """Whole lines without secrets: not all of them were told as events."""
    _line_is_open: bool = False
    _held: list[str] | None = field(default=None)
    _for_now: bool = False
    """Whether a line is shown that does not last."""

    def write(self, text: str, style: Style = Style.PLAIN) -> None:
        """Running text, shown at once."""
        if text:
            self._line_is_open = not text.endswith("\n")
            self._put(self._styled(text, style))

    def show(self, lines: Iterable[Line]) -> None:
        """Whole lines, each on its own."""
        for line in lines:
            self.end_line()
            self.write(self.masked(line.text), line.style)
            self.end_line()

    def end_line(self) -> None:
        if self._line_is_open:
            self.write("\n")

    def show_for_now(self, line: Line | None) -> None:
        """One line below all others that lasts until the next is written; None takes it back at once.

        Nothing where lines cannot be taken back, while text runs, or while a person types.
        """
        if not self.redraws or self._line_is_open or self._held is not None:
            return
        self._take_back()
        if line:
            width = get_terminal_size().columns - 1
            self.out.write(self._styled(fitted(line.text, width).rstrip(), line.style))
            self.out.flush()
            self._for_now = True

    def hold(self) -> None:
        """Keep back what is written from now on: a person is typing, and will end the line."""
        self.end_line()
        self._take_back()
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for text in held:
            self._put(text)

    def _put(self, text: str) -> None:
        if self._held is not None:
            self._held.append(text)
            return
        self._take_back()
        self.out.write(text)
        self.out.flush()

    def _take_back(self) -> None:
        if self._for_now:
            self.out.write("\r\x1b[K")
            self._for_now = False

    def _styled(self, text: str, style: Style) -> str:
        return f"\x1b[{CODES[style]}m{text}\x1b[0m" if self.colour and CODES[style] else text


def can_redraw(out: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    return out.isatty() and environment.get("TERM") != "dumb"


def wants_colour(out: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    return out.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
