"""The room that a card has: how wide it is, how many lines of each kind go into it, and what is left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.visible import visible
from servr.cells import cut, fits, width_of
from servr.spans import Line, Span, Style, line_of

T = TypeVar("T")

INDENT = Span("  ")


@dataclass
class Sheet:
    width: int
    opened: bool = False
    """Whether all is shown, and nothing cut."""
    tinted: bool = False
    """Whether there are colours behind text."""
    hint: str = ""
    """How a person sees what is left out."""
    left_out: int = 0
    """Lines so far."""

    def rows(
        self, items: Sequence[T], draw: Callable[[T], Line], *, head: int, tail: int = 0
    ) -> Iterator[Line]:
        """The first and the last of `items`, each as a line."""
        more = len(items) - head - tail
        if self.opened or more <= 1:
            yield from (self.fit(draw(item)) for item in items)
            return
        yield from (self.fit(draw(item)) for item in items[:head])
        yield self.gap(more)
        yield from (self.fit(draw(item)) for item in items[len(items) - tail :])

    def gap(self, count: int) -> Line:
        self.left_out += count
        hint = f" ({self.hint})" if self.hint else ""
        return self.fit(Line(f"… {count:,} more lines{hint}", Style.DIM))

    def text(self, text: str, style: Style = Style.PLAIN, *, head: int, tail: int = 0) -> Iterator[Line]:
        yield from self.rows(text_lines(text), lambda line: Line(line, style), head=head, tail=tail)

    def fit(self, line: Line) -> Line:
        """Indented, and cut where the screen ends."""
        line = line_of([INDENT, *line.parts])
        return line if self.opened else clipped_line(line, self.width)


def text_lines(text: str) -> Sequence[str]:
    """Text of a tool as lines for a screen."""
    return visible(text).expandtabs().rstrip("\n").split("\n") if text.strip("\n") else []


def clipped_line(line: Line, width: int) -> Line:
    if fits(line.text, width):
        return line
    left, spans = width, list[Span]()
    for span in line.parts:
        if not fits(span.text, left - 1):
            spans.append(Span(cut(span.text, left - 1)[0] + "…", span.styles))
            break
        left -= width_of(span.text)
        spans.append(span)
    return line_of(spans)
