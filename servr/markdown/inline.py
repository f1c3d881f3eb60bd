"""Emphasis, code and links within text that is whole in itself, as spans."""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from core.visible import visible
from servr.spans import Span, Style

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MOST_BRACKETS = 24
"""More of them are text: looking for their partners takes time by the square of how many there are."""
SPECIAL = re.compile(r"[\\`*_\[<&~]| \n")
STYLES = {"strong": Style.STRONG, "em": Style.EMPHASIS, "s": Style.STRUCK}
MARKS = {"strong": "**", "em": "*", "s": "~~"}

Styles = tuple[Style, ...]


def spans_of(text: str, styles: Styles = (), *, marks: bool = False) -> Iterator[Span]:
    """`text`, of which the end of a line is kept; `marks` tell emphasis where styles cannot."""
    if not SPECIAL.search(text):
        yield Span(text, styles)
        return
    body = text.strip(" \n")
    before = len(text) - len(text.lstrip(" \n"))
    yield Span(text[:before], styles)
    yield from _Reading(styles, marks).spans(
        _parser(links=body.count("[") <= MOST_BRACKETS).parseInline(body)[0].children or []
    )
    yield Span(text[before + len(body) :], styles)


@cache
def _parser(*, links: bool) -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
    parser.disable(["html_inline", *(() if links else ("link", "image"))])
    parser.normalizeLink = str  # type: ignore[method-assign, assignment]  # it is shown as it was written
    parser.validateLink = bool  # type: ignore[method-assign, assignment]  # nobody follows it
    return parser


class _Reading:
    """One walk over the tokens of a text."""

    def __init__(self, styles: Styles, marks: bool) -> None:
        self.styles = list(styles)
        self.marks = marks
        self.links: list[tuple[str, str]] = []
        """The address of each link that is open, and what its text was so far."""

    def spans(self, tokens: "list[Token]") -> Iterator[Span]:
        for token in tokens:
            kind, _, side = token.type.partition("_")
            if kind in STYLES:
                yield from self._emphasis(kind, opens=side == "open")
            elif kind == "link":
                yield from self._link(str(token.attrs.get("href", "")), opens=side == "open")
            elif token.type == "image":
                yield from self._text(f"image: {token.content or 'without words'}", Style.DIM)
                yield from self._text(f" ({token.attrs.get('src', '')})", Style.DIM)
            elif token.type == "code_inline":
                ticks = "`" if self.marks else ""
                yield from self._text(f"{ticks}{token.content}{ticks}", Style.CODE)
            elif token.type in ("softbreak", "hardbreak"):
                yield Span("\n")
            else:
                yield from self._text(token.content)

    def _text(self, text: str, *styles: Style) -> Iterator[Span]:
        shown = visible(text).replace("\n", " ")  # an entity may have been anything
        if self.links:
            address, said = self.links[-1]
            self.links[-1] = (address, said + shown)
        yield Span(shown, (*self.styles, *styles))

    def _emphasis(self, kind: str, *, opens: bool) -> Iterator[Span]:
        if self.marks:
            yield from self._text(MARKS[kind])
        elif opens:
            self.styles.append(STYLES[kind])
        else:
            self.styles.remove(STYLES[kind])

    def _link(self, address: str, *, opens: bool) -> Iterator[Span]:
        """Its text, and where it leads unless the text says so."""
        if opens:
            self.links.append((address, ""))
            self.styles.append(Style.LINK)
            return
        address, said = self.links.pop()
        self.styles.remove(Style.LINK)
        if said not in (address, address.removeprefix("mailto:")):
            yield from self._text(f" ({address})", Style.DIM)
