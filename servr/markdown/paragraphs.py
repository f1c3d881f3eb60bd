"""A paragraph, a heading or the text of a list item: running text that is laid into rows as it comes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from servr.markdown.inline import Styles, spans_of
from servr.markdown.segments import Segments
from servr.markdown.wrapping import Wrapper
from servr.spans import Line, Span


@dataclass
class Paragraph:
    wrapper: Wrapper
    styles: Styles = ()
    marks: bool = False
    segments: Segments = field(default_factory=Segments)

    def add(self, text: str) -> Iterator[Line]:
        for segment in self.segments.add(text):
            yield from self.wrapper.add(spans_of(segment, self.styles, marks=self.marks))

    def end(self) -> Iterator[Line]:
        for segment in self.segments.end():
            yield from self.wrapper.add(spans_of(segment, self.styles, marks=self.marks))
        yield from self.wrapper.end()


def whole_spans(text: str, styles: Styles = (), *, marks: bool = False) -> Sequence[Span]:
    """The spans of a text that is all there; what it costs grows with its length and no faster."""
    segments = Segments()
    pieces = [*segments.add(text), *segments.end()]
    return [span for piece in pieces for span in spans_of(piece, styles, marks=marks)]
