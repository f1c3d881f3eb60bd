"""Quotes and list items that are open: which of them a line goes on with, and what stands before a row."""

import re
from dataclasses import dataclass, field

from servr.spans import Span, Style

QUOTE = re.compile(r" {0,3}> ?")
ITEM = re.compile(r"( *)([-+*]|\d{1,9}[.)])( +|$)")
MOST_DEPTH = 16
"""Of containers within each other: what is deeper is text."""
BULLETS = "•◦▪"


@dataclass
class Container:
    """A quote, or an item of a list."""

    marker: str = ""
    """What a row shows of an item's beginning; empty for a quote."""
    begins: int = 0
    """How far the marker is indented."""
    content: int = 0
    """How far the text is indented that belongs to the item."""
    shown: bool = False

    @property
    def is_quote(self) -> bool:
        return not self.marker


@dataclass
class Containers:
    open: list[Container] = field(default_factory=list)

    def matched(self, text: str) -> tuple[int, str]:
        """How many of those that are open the line belongs to, and the rest of it."""
        for count, container in enumerate(self.open):
            if container.is_quote:
                found = QUOTE.match(text)
                if not found:
                    return count, text
                text = text[found.end() :]
            elif not text.strip():
                text = ""
            elif (indent := _indent(text)) >= container.content:
                text = text[container.content :]
            elif indent >= container.begins + 2 and ITEM.match(text):
                text = text[indent:]  # a list within, indented less than its rules ask for
            else:
                return count, text
        return len(self.open), text

    def begun(self, text: str, depth: int, *, in_text: bool) -> tuple[Container, str] | None:
        """The container that begins within `depth` others, and its text; few end a paragraph, `in_text`."""
        if depth >= MOST_DEPTH:
            return None
        if found := QUOTE.match(text):
            return Container(), text[found.end() :]
        found = ITEM.match(text)
        in_item = any(not one.is_quote for one in self.open)
        if not found or (len(found[1]) > 3 and not in_item):
            return None
        rest = text[found.end() :]
        if in_text and (not rest.strip() or (found[2][0].isdigit() and found[2][:-1] != "1")):
            return None
        space = len(found[3]) if 1 <= len(found[3]) <= 4 else 1
        content = found.start(3) + space
        begins = len(found[1])
        return Container(f"{found[2]} ", begins, content), text[content:]

    def push(self, container: Container) -> None:
        if container.marker and not container.marker[0].isdigit():
            depth = sum(one.marker[:1] in BULLETS for one in self.open if one.marker)
            container.marker = f"{BULLETS[depth % len(BULLETS)]} "
        self.open.append(container)

    def first(self) -> list[Span]:
        """What stands before the next row; from then on each item's beginning has been shown."""
        spans = [_bar() if one.is_quote else _space(one) if one.shown else _marker(one) for one in self.open]
        for container in self.open:
            container.shown = True
        return spans

    def rest(self) -> list[Span]:
        """What stands before a row that follows."""
        return [_bar() if one.is_quote else _space(one) for one in self.open]

    def bars(self, count: int) -> list[Span]:
        """What stands in an empty row within the first `count` of them, if they have been begun."""
        return [
            _bar() if one.is_quote else _space(one)
            for one in self.open[:count]
            if one.shown and any(each.is_quote for each in self.open[:count])
        ]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _bar() -> Span:
    return Span("│ ", (Style.DIM,))


def _space(item: Container) -> Span:
    return Span(" " * len(item.marker))


def _marker(item: Container) -> Span:
    return Span(item.marker, (Style.DIM,))
