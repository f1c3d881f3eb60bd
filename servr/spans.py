"""What surfaces draw with: lines for a screen, and the styles of their parts, which a theme gives a look."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    GOOD = "good"
    BAD = "bad"
    EMPHASIS = "emphasis"
    STRUCK = "struck"
    HEADING = "heading"
    LINK = "link"
    CODE = "code"
    ADDED = "added"
    REMOVED = "removed"
    INSERTED = "inserted"
    DELETED = "deleted"
    INSERTED_PART = "inserted-part"
    DELETED_PART = "deleted-part"
    KEYWORD = "keyword"
    STRING = "string"
    NUMBER = "number"
    COMMENT = "comment"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Span:
    """Text within a line, and its styles: those that come later win."""

    text: str
    styles: tuple[Style, ...] = ()

    def __deepcopy__(self, memo: object) -> "Span":
        return self


@dataclass(frozen=True)
class Line:
    """One line for a screen, already made visible; it has no end of line."""

    text: str
    style: Style = Style.PLAIN
    spans: tuple[Span, ...] = ()
    """Its parts, where they have styles of their own; together they are `text`."""

    def __deepcopy__(self, memo: object) -> "Line":
        return self

    @property
    def parts(self) -> tuple[Span, ...]:
        """The line as spans, whichever way it was made."""
        return self.spans or ((Span(self.text, (self.style,)),) if self.text else ())

    def masked(self, mask: Callable[[str], str]) -> "Line":
        """Without secrets; where one was, the whole line is of one style."""
        text = mask(self.text)
        return self if text == self.text else Line(text, self.style)


def line_of(spans: Iterable[Span]) -> Line:
    """Empty spans are left out, and neighbours of the same styles joined."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].styles == span.styles:
            joined[-1] = Span(joined[-1].text + span.text, span.styles)
        elif span.text:
            joined.append(span)
    text = "".join(span.text for span in joined)
    if all(not span.styles for span in joined):
        return Line(text)
    return Line(text, spans=tuple(joined))
