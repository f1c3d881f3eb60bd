"""Writing to a terminal, or to a pipe in its place."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from core.visible import visible
from servr.spans import Line, Style
from servr.themes import PLAIN, Theme

MOST_PROMPT_LINES, SHOWN_PROMPT_LINES = 50, 20
MOST_PROMPT_CHARS = 2_000
"""Of a line."""


class Writes(Protocol):
    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


@dataclass
class Screen:
    """Writes lines and running text. Text must have been made visible before."""

    out: Writes
    theme: Theme = PLAIN
    masked: Callable[[str], str] = str
    """Whole lines without secrets: not all of them were told as events."""
    _line_is_open: bool = False
    _held: list[str] | None = field(default=None)

    def write(self, text: str, style: Style = Style.PLAIN) -> None:
        """Running text, shown at once."""
        if text:
            self._line_is_open = not text.endswith("\n")
            self._put(self.theme.painted(Line(text, style)))

    def show(self, lines: Iterable[Line]) -> None:
        """Whole lines, each on its own."""
        for line in lines:
            self.end_line()
            self.write(self.painted(line) + "\n")

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

    def painted(self, line: Line) -> str:
        """A line without its secrets and with its colours."""
        return self.theme.painted(line.masked(self.masked))


def can_redraw(out: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    return out.isatty() and environment.get("TERM") != "dumb"


def prompt_lines(text: str) -> Iterable[Line]:
    """What a person said, as the transcript has it: of a long paste its beginning."""
    lines = text.splitlines() or [""]
    left = len(lines) - SHOWN_PROMPT_LINES if len(lines) > MOST_PROMPT_LINES else 0
    first, *more = (_shown(line) for line in (lines[:SHOWN_PROMPT_LINES] if left else lines))
    yield Line(f"> {first}", Style.STRONG)
    yield from (Line(f"  {line}", Style.STRONG) for line in more)
    if left:
        yield Line(f"  … {left:,} more lines", Style.DIM)


def _shown(line: str) -> str:
    left = len(line) - MOST_PROMPT_CHARS
    rest = f" … {left:,} more characters" if left > 0 else ""
    return visible(line[:MOST_PROMPT_CHARS]).expandtabs() + rest
