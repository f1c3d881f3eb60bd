"""Fills rows with words as they come; a row that is full is done."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from servr.cells import cut, fits, width_of
from servr.spans import Line, Span, line_of

LEAST_ROOM = 10
"""Cells that text gets at least, however deep it is indented."""
WIDE = r"[\u1100-\u115f\u2e80-\u2fff\u3005-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60]"
"""Scripts that are written without spaces: a row may end after each sign."""
CLOSING = "[、。，．！？；：」』）】》〉]"
"""What does not begin a row."""
TOKEN = re.compile(rf"(?P<end>\n)|(?P<space>[^\S\n]+)|(?P<wide>{WIDE}{CLOSING}*)|(?:(?!{WIDE})\S)+")


@dataclass
class Wrapper:
    """Rows of at most `width` cells, the first of which begins with `first` and the others with `rest`."""

    width: int
    first: Sequence[Span] = ()
    rest: Sequence[Span] = ()
    _row: list[Span] = field(default_factory=list)
    _row_width: int = 0
    _space: Span | None = None
    _word: list[Span] = field(default_factory=list)
    """Not placed yet: it may go on."""
    _word_width: int = 0
    _empty: bool = True
    """Whether nothing came since the last row was ended."""

    def add(self, spans: Iterable[Span]) -> Iterator[Line]:
        for span in spans:
            for token in TOKEN.finditer(span.text):
                yield from self._add(token, span)

    def fit(self, width: int) -> Iterator[Line]:
        """The row that is being filled is laid anew, if it is too long now."""
        self.width = width
        if self._row_width > self._room:
            spans = [*self._row, *([self._space] if self._space else ()), *self._word]
            self._row, self._row_width, self._space = [], 0, None
            self._word, self._word_width = [], 0
            yield from self.add(spans)

    def end(self) -> Iterator[Line]:
        """The last row."""
        if not self._empty:
            yield from self._end_row()

    def _add(self, token: re.Match[str], span: Span) -> Iterator[Line]:
        piece = Span(token[0], span.styles)
        self._empty = False
        match token.lastgroup:
            case "end":
                yield from self._end_row()
            case "space":
                yield from self._place()
                before = self._space.text if self._space else ""
                self._space = Span(before + piece.text.replace("\t", "    "), span.styles)
            case "wide":
                if self._word_width:
                    yield from self._place()
                yield from self._extend(piece)
                yield from self._place()
            case _:
                yield from self._extend(piece)

    def _extend(self, piece: Span) -> Iterator[Line]:
        """A word that no row can hold is laid into rows of its own as it comes."""
        self._word.append(piece)
        self._word_width += width_of(piece.text)
        if self._word_width <= self._room:
            return
        if self._row:
            yield self._full_row()
        for part in self._word:
            yield from self._lay(part)
        self._word, self._word_width = [], 0

    def _lay(self, part: Span) -> Iterator[Line]:
        text = part.text
        while text:
            taken, text = cut(text, self._room - self._row_width)
            if not taken and not self._row:
                taken, text = text[:1], text[1:]  # wider than a whole row
            self._row.append(Span(taken, part.styles))
            self._row_width += width_of(taken)
            if text:
                yield self._full_row()

    def _place(self) -> Iterator[Line]:
        """Put the word that is finished into a row."""
        if not self._word:
            return
        space = self._space.text if self._space else ""
        if self._row_width + len(space) + self._word_width > self._room:
            yield self._full_row()
        elif self._space:
            self._row.append(self._space)
            self._row_width += len(space)
        self._row += self._word
        self._row_width += self._word_width
        self._space, self._word, self._word_width = None, [], 0

    def _end_row(self) -> Iterator[Line]:
        yield from self._place()
        yield self._full_row()
        self._empty = True

    def _full_row(self) -> Line:
        line = line_of([*self.first, *self._row])
        self.first, self._row, self._row_width, self._space = self.rest, [], 0, None
        return line

    @property
    def _room(self) -> int:
        return max(LEAST_ROOM, self.width - sum(width_of(span.text) for span in self.first))


def wrapped(spans: Iterable[Span], width: int) -> list[Line]:
    wrapper = Wrapper(width)
    return [*wrapper.add(spans), *wrapper.end()]


def wrapped_lines(lines: Iterable[Line], width: int) -> Iterator[Line]:
    """Those that are too long as rows."""
    for line in lines:
        yield from [line] if fits(line.text, width) else wrapped(line.parts, width)
