"""Draws Markdown while it comes: rows that are done are given out once, and never change.

text ─▶ lines ─▶ blocks ─▶ paragraphs ─▶ segments ─▶ spans ─▶ rows

Whatever pieces the text comes in, the rows are the same. What they cost grows with the length of the text
and no faster, for nothing is read twice but what is not whole yet, and that is never much.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from core.visible import visible
from servr.markdown.blocks import LONG, VERY_LONG, Blocks
from servr.spans import Line

SAMPLE = "**a** `b` – 日\n\n```python\nx\n```\n"
"""Uses all that has to be loaded."""

MOST_TAIL_CHARS = 10_000
"""Of a line without an end, to be drawn anew with each piece."""


@dataclass
class MarkdownStream:
    """One text, to its end."""

    width: int
    """Cells of a row; another width holds for the rows that are not done when it is set."""
    marks: bool = False
    """Whether emphasis is told by marks, where styles cannot be seen."""
    _carried: str = ""
    _partial: list[str] = field(default_factory=list)
    """Pieces of the line that has no end yet."""
    _length: int = 0
    _seen: int = 0
    """How much of the line was there when it was looked at last."""
    _streams: bool = False
    """Whether the line goes into a paragraph as it comes."""

    def __post_init__(self) -> None:
        self._blocks = Blocks(self.width, self.marks)

    @property
    def language(self) -> str:
        """Of the block of code that is open; empty outside of one."""
        return self._blocks.language

    def feed(self, text: str) -> Sequence[Line]:
        """The rows that are done with `text`."""
        text = self._carried + text
        self._carried = "\r" if text.endswith("\r") else ""  # half of a line's end, it may be
        return [*self._feed(visible(text.removesuffix(self._carried)))]

    def tail(self, rows: int) -> Sequence[Line]:
        """The last rows of what is not done, as they would be if the text ended here.

        Of a line of code that is longer than a screen has room for, only the beginning.
        """
        self._partial = ["".join(self._partial)] if self._partial else []
        twin = deepcopy(self)
        twin._partial = [piece[:MOST_TAIL_CHARS] for piece in twin._partial]
        return twin.end()[-rows:]

    def end(self) -> Sequence[Line]:
        """The rows that are left."""
        rows = [*self._feed(visible(self._carried))]
        if self._partial:
            rows += self._end_line()
        return [*rows, *self._blocks.end()]

    def _feed(self, text: str) -> Iterator[Line]:
        yield from self._blocks.fit(self.width)
        *lines, rest = text.split("\n")
        for line in lines:
            yield from self._add(line)
            yield from self._end_line()
        yield from self._add(rest)

    def _add(self, piece: str) -> Iterator[Line]:
        if self._streams:
            yield from self._blocks.more(piece)
        elif piece:
            self._partial.append(piece)
            self._length += len(piece)
            yield from self._try_to_stream()

    def _try_to_stream(self) -> Iterator[Line]:
        for enough in (LONG, VERY_LONG):
            if self._seen < enough <= self._length and not self._streams:
                text = "".join(self._partial)
                self._partial = [text]
                if self._blocks.streams(text[:enough]):
                    self._streams = True
                    yield from self._blocks.text(text)
        self._seen = self._length

    def _end_line(self) -> Iterator[Line]:
        if not self._streams:
            yield from self._blocks.line("".join(self._partial))
        self._partial.clear()
        self._length = self._seen = 0
        self._streams = False


def load_drawing() -> None:
    """Bring what the first reply needs, in a thread that gives way."""
    stream = MarkdownStream(80)
    stream.feed(SAMPLE)
    stream.end()
