"""A unified diff as lines with their numbers, their signs, and what changed within a line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from itertools import groupby, islice, takewhile

from core.views import FileChange
from core.visible import visible
from servr.markdown.code import Highlighter
from servr.spans import Line, Span, Style, line_of

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
TINTS = {"+": (Style.INSERTED, Style.INSERTED_PART), "-": (Style.DELETED, Style.DELETED_PART)}
OLD, NEW = 0, 1
SIDES = {"-": (OLD,), "+": (NEW,)}
"""Of a diff, to which a line with such a sign belongs; any other belongs to both."""
STYLES = {"+": Style.ADDED, "-": Style.REMOVED}
MOST_COMPARED_LINES = 1_000
MOST_MARKED_CHARS = 1_000
"""In longer lines it is not looked for what differs."""
LEAST_IN_COMMON = 0.4
"""Of two lines, for what differs to be marked."""


@dataclass(frozen=True)
class Change:
    """A line of a diff."""

    sign: str
    """One of + - space; empty for what is no line of a file."""
    text: str
    number: int = 0
    marked: tuple[int, int] = (0, 0)
    """From where to where it differs from its counterpart."""

    def line(self, digits: int) -> Line:
        """With its number in so many digits, or without one."""
        if not self.sign:
            return Line(f"{'':>{digits}} {self.text}" if digits else self.text, Style.DIM)
        styles = (STYLES[self.sign],) if self.sign in STYLES else ()
        start, end = self.marked
        return line_of(
            [
                Span(f"{self.number:>{digits}} " if digits else "", (Style.DIM,)),
                Span(f"{self.sign} {self.text[:start]}" if self.text else self.sign.strip(), styles),
                Span(self.text[start:end], (*styles, Style.STRONG)),
                Span(self.text[end:], styles),
            ]
        )


@dataclass
class Colouring:
    """Draws lines of a diff, in order, in the colours of a language: each side of it by itself.

    What comes after lines that are left out is read as if it stood alone.
    """

    language: str

    def __post_init__(self) -> None:
        self._begin()

    def line(self, change: Change, digits: int) -> Line:
        if not change.sign:
            return change.line(digits)
        spans = self._coloured(change)
        number = Span(f"{change.number:>{digits}} ", (Style.DIM,))
        if change.sign not in TINTS:
            return line_of([number, Span("  "), *spans]) if change.text else change.line(digits)
        tint, tint_of_part = TINTS[change.sign]
        sign = Span(f"{change.sign} ", (tint, STYLES[change.sign]))
        return line_of([number, sign, *_tinted(spans, change.marked, tint, tint_of_part)])

    def _begin(self) -> None:
        self._sides = Highlighter(self.language), Highlighter(self.language)
        self._next: list[int | None] = [None, None]  # the number that the next line of each side has

    def _coloured(self, change: Change) -> Sequence[Span]:
        sides = SIDES.get(change.sign, (OLD, NEW))
        if self._next[sides[-1]] not in (None, change.number):
            self._begin()
        self._next[sides[-1]] = change.number
        for side in sides:
            line = self._sides[side].line(change.text)
            number = self._next[side]
            self._next[side] = None if number is None else number + 1
        return line.parts


def _tinted(spans: Iterable[Span], marked: tuple[int, int], tint: Style, of_part: Style) -> Iterator[Span]:
    """What differs has a colour of its own behind it."""
    place, (start, end) = 0, marked
    for span in spans:
        before, after = (min(max(0, edge - place), len(span.text)) for edge in (start, end))
        yield Span(span.text[:before], (tint, *span.styles))
        yield Span(span.text[before:after], (of_part, *span.styles, Style.STRONG))
        yield Span(span.text[after:], (tint, *span.styles))
        place += len(span.text)


def counted(diff: str) -> tuple[int, int]:
    """How many lines were added and removed."""
    lines = diff.splitlines()
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def changes_of(view: FileChange) -> Sequence[Change]:
    """The lines; between two parts of a file there is one of dots."""
    return _paired(visible(view.diff).split("\n"))


def changes_between(old: str, new: str) -> Sequence[Change]:
    """The same of two texts, counted from their first lines; of texts too long to compare all is changed."""
    if old.endswith("\n") and new.endswith("\n"):
        old, new = old[:-1], new[:-1]
    before, after = old.split("\n"), new.split("\n")
    if len(before) + len(after) > MOST_COMPARED_LINES:
        return _paired([*(f"-{line}" for line in before), *(f"+{line}" for line in after)])
    return _paired([*islice(unified_diff(before, after, lineterm=""), 2, None)])


def _paired(diff: Sequence[str]) -> Sequence[Change]:
    """The lines of a diff, with what differs within a line where as many were added as removed."""
    changes: list[Change] = []
    for sign, group in groupby(_numbered(diff), key=lambda change: change.sign):
        run = list(group)
        if sign == "+":
            removed = [*takewhile(lambda change: change.sign == "-", reversed(changes))][::-1]
            if len(removed) == len(run):
                pairs = [_marked(old, new) for old, new in zip(removed, run, strict=True)]
                changes[-len(run) :] = [old for old, _ in pairs]
                run = [new for _, new in pairs]
        changes += run
    return changes


def _numbered(lines: Sequence[str]) -> Iterator[Change]:
    old = new = 1
    for place, line in enumerate(lines):
        if found := HUNK.match(line):
            old, new = int(found[1]), int(found[2])
            if place:
                yield Change("", "⋮")
            continue
        sign, text = line[:1], line[1:].expandtabs()
        if sign not in ("+", "-", " "):
            if line:
                yield Change("", line)
            continue
        yield Change(sign, text, old if sign == "-" else new)
        old += sign != "+"
        new += sign != "-"


def _marked(old: Change, new: Change) -> tuple[Change, Change]:
    """Both with what differs marked, when much of them is the same."""
    if max(len(old.text), len(new.text)) > MOST_MARKED_CHARS:
        return old, new
    start = _in_common(old.text, new.text)
    end = _in_common(old.text[start:][::-1], new.text[start:][::-1])
    if start + end < LEAST_IN_COMMON * max(len(old.text), len(new.text)):
        return old, new
    return (
        replace(old, marked=(start, len(old.text) - end)),
        replace(new, marked=(start, len(new.text) - end)),
    )


def _in_common(one: str, other: str) -> int:
    """How many characters they begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
