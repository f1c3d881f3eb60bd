"""Tables fitted to the width: the first rows decide how wide each column is, the others follow."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Literal

from servr.cells import width_of
from servr.markdown.paragraphs import whole_spans
from servr.markdown.wrapping import Wrapper, wrapped
from servr.spans import Line, Span, Style, line_of

MOST_COLUMNS = 50
"""What has more is text."""
MOST_WAITING = 50
"""Rows that are waited for before the first is shown,"""
MOST_WAITING_CHARS = 5_000
"""unless they are as long as that, or have more cells together than this."""
MOST_WAITING_CELLS = 300
LEAST_COLUMN = 6
"""Cells; in narrower columns words would fall apart, so each row becomes a list."""
DELIMITERS = re.compile(r"\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")
BAR = re.compile(r"(?<!\\)\|")
CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
MOST_CHARS = 1_000
"""In longer rows a bar within code divides cells, as the rules say."""
BETWEEN = " │ "

Alignment = Literal["left", "right", "middle"]
Cell = Sequence[Span]


def is_delimiter(text: str, header: str) -> bool:
    """Whether `text` makes a table of the line before it."""
    text = text.strip()
    if "-" not in text or "|" not in text + header or not DELIMITERS.fullmatch(text):
        return False
    return len(_split(text)) == len(_split(header)) <= MOST_COLUMNS


@dataclass
class TableRows:
    """Draws a table as its rows come."""

    header: str
    delimiter: str
    width: int
    marks: bool
    _waiting: list[Sequence[Cell]] = field(default_factory=list)
    _chars: int = 0
    """Of those that wait."""
    _widths: Sequence[int] | None = None
    """Of the columns, once they are settled; empty when there is no room for columns."""
    _is_begun: bool = False

    def __post_init__(self) -> None:
        self._alignments = [_alignment(cell) for cell in _split(self.delimiter)]
        self._titles = [whole_spans(cell, (Style.STRONG,), marks=self.marks) for cell in _split(self.header)]

    def __deepcopy__(self, memo: object) -> "TableRows":
        twin = replace(self)
        twin._waiting = self._waiting.copy()
        return twin

    def fit(self, width: int) -> None:
        """Make the columns that are settled narrower, if they have to be."""
        self.width = width
        if self._widths:
            self._widths = self._fitted(self._widths)

    def add(self, text: str) -> Iterator[Line]:
        row = [whole_spans(cell, marks=self.marks) for cell in self._cells(text)]
        if self._widths is not None:
            yield from self._drawn(row, self._widths)
            return
        self._waiting.append(row)
        self._chars += len(text)
        is_much = len(self._waiting) * len(self._titles) >= MOST_WAITING_CELLS
        if is_much or self._chars >= MOST_WAITING_CHARS or len(self._waiting) == MOST_WAITING:
            yield from self.end()

    def end(self) -> Iterator[Line]:
        if self._widths is not None:
            return
        self._widths = widths = self._settled()
        if widths:
            yield from self._drawn(self._titles, widths)
            yield Line("─┼─".join("─" * width for width in widths), Style.DIM)
        for row in self._waiting:
            yield from self._drawn(row, widths)
        self._waiting.clear()

    def _cells(self, text: str) -> Sequence[str]:
        """As many as there are columns; what is too much joins the last."""
        cells, count = _split(text), len(self._titles)
        if len(cells) > count and len(text) <= MOST_CHARS:
            cells = _split(CODE.sub(lambda found: found[0].replace("|", "\\|"), text))
        if len(cells) > count:
            return [*cells[: count - 1], " | ".join(cells[count - 1 :])]
        return cells + [""] * (count - len(cells))

    def _settled(self) -> Sequence[int]:
        rows = [self._titles, *self._waiting]
        wanted = [max(map(_width, column), default=1) or 1 for column in zip(*rows, strict=True)]
        return self._fitted(wanted)

    def _fitted(self, wanted: Sequence[int]) -> Sequence[int]:
        most = _share(wanted, self.width - len(BETWEEN) * (len(wanted) - 1))
        return [min(width, most) for width in wanted] if most >= min(LEAST_COLUMN, max(wanted)) else []

    def _drawn(self, row: Sequence[Cell], widths: Sequence[int]) -> Iterator[Line]:
        if not widths:
            if self._is_begun:
                yield Line("")
            self._is_begun = True
            yield from self._as_list(row)
            return
        columns = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for lines in zip_longest(*columns):
            yield _row(lines, widths, self._alignments)

    def _as_list(self, row: Sequence[Cell]) -> Iterator[Line]:
        for title, cell in zip(self._titles, row, strict=True):
            wrapper = Wrapper(self.width, rest=(Span("  "),))
            yield from wrapper.add([*title, Span(": ", (Style.STRONG,)), *cell])
            yield from wrapper.end()


def _row(lines: Iterable[Line | None], widths: Sequence[int], alignments: Sequence[Alignment]) -> Line:
    spans: list[Span] = []
    for line, width, alignment in zip(lines, widths, alignments, strict=True):
        space = width - width_of(line.text if line else "")
        before = {"left": 0, "right": space, "middle": space // 2}[alignment]
        spans += [
            Span(BETWEEN if spans else "", (Style.DIM,)),
            Span(" " * before),
            *(line.parts if line else ()),
            Span(" " * (space - before)),
        ]
    while spans and not spans[-1].text.strip(" "):
        spans.pop()
    return line_of([*spans[:-1], *(Span(span.text.rstrip(), span.styles) for span in spans[-1:])])


def _share(wanted: Sequence[int], room: int) -> int:
    """How wide a column may be at most, so that all go into `room` cells."""
    left, columns = room, sorted(wanted)
    for place, width in enumerate(columns):
        share = left // (len(columns) - place)
        if width > share:
            return share
        left -= width
    return columns[-1]


def _split(text: str) -> list[str]:
    text = text.strip().removeprefix("|")
    if text.endswith("|") and not text.endswith("\\|"):
        text = text[:-1]
    return [cell.strip().replace("\\|", "|") for cell in BAR.split(text)]


def _alignment(cell: str) -> Alignment:
    if cell.endswith(":"):
        return "middle" if cell.startswith(":") else "right"
    return "left"


def _width(cell: Cell) -> int:
    return sum(width_of(span.text) for span in cell)
