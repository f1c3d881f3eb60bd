"""The places in the text of a reply where something other than text begins."""

import re
from collections.abc import Iterable
from functools import cache

from gate.dialects.source import compiled, either
from gate.dialects.table import CHANNELS, LINE_ROWS, RESULTS, ROWS, SILENT, THOUGHTS, VALUE_ENDS, Row, rows_of

LONGEST = 64
"""No mark is longer, and no run of backticks is read as one that is."""

SPECIAL = re.compile(r"[<\[\]`~\n]")
"""What no mark can do without, but for those that count only where a line begins."""

BLOCKS = {
    "{": r"\s{0,64}+(?:[\"']|\Z)",
    "[": r"\s{0,64}+(?:\{|[A-Za-z_][\w.]{0,80}+(?:\(|\Z)|\Z)",
}
"""What may begin a call without any mark, where a line begins, and what has to follow it."""

HARMONY = (
    r"(?:<\|start\|>assistant)?(?P<role>[^<\n]{0,120})<\|channel\|>(?P<channel>\w{1,20})(?P<to>[^<]{0,120})"
    r"(?:<\|constrain\|>[^<]{0,40})?<\|message\|>"
)
BARE_CALL = r"(?:functions\.)?(?P<name>[\w.\-]{1,80})(?::\d{1,9})?(?:\n\s{0,64}|\[ARGS\])?(?=\{\s{0,16}[\"}])"
HALF_BARE_CALL = (
    r"(?:functions\.)?[\w.\-]{1,80}(?::\d{0,9})?(?:\n\s{0,64}|\[(?:A(?:R(?:G(?:S\]?)?)?)?)?)?(?:\{\s{0,16})?"
)
RECIPIENT = r"\bto=([\w.\-]{1,100})"


class Marks:
    """What opens and closes anything, for a family that is known or for all."""

    def __init__(self, family: str | None) -> None:
        self.openings: dict[str, list[Row]] = {}
        """Rows by what opens them."""
        for row in rows_of(family):
            self.openings.setdefault(row[1], []).append(row)
        thoughts = (tag for pair in THOUGHTS for tag in pair)
        results = (opening for opening, _ in RESULTS)
        self._by_lead: dict[str, list[str]] = {}
        """Marks by their first two characters."""
        for mark in (*self.openings, *thoughts, *results, *CHANNELS, *VALUE_ENDS, *SILENT):
            self._by_lead.setdefault(mark[:2], []).append(mark)
        marks = (mark for same in self._by_lead.values() for mark in same)
        self._halves = _begun((*marks, *(closing for _, closing in RESULTS), "~~~"))
        self._line_halves = _begun(row[1] for row in LINE_ROWS)
        self._candidate = compiled(self._pattern())

    def _pattern(self) -> str:
        """Few alternatives of few characters: it is compiled while somebody waits for the first word."""
        seconds: dict[str, str] = {}
        for lead in self._by_lead:
            seconds[lead[0]] = seconds.get(lead[0], "") + re.escape(lead[1])
        leads = (rf"{re.escape(first)}(?=[{found}])" for first, found in seconds.items())
        rows = ((row[1][0], re.escape(row[1][1:])) for row in LINE_ROWS)
        blocks = ((start, f"(?={follows})") for start, follows in BLOCKS.items())
        lines = (
            rf"{re.escape(start)}(?<=\n{re.escape(start)}){follows}" for start, follows in (*rows, *blocks)
        )
        return "|".join((*lines, *leads, "``{0,63}", "~~~~{0,61}"))

    def at(self, text: str, place: int) -> str | None:
        """The mark that stands at a place, but for those that count only where a line begins."""
        known = self._by_lead.get(text[place : place + 2], ())
        return next((mark for mark in known if text.startswith(mark, place)), None)

    def next(self, text: str, start: int) -> tuple[int, str] | None:
        """The next mark, run of backticks, or bracket or row at the beginning of a line; and its place."""
        for found in self._candidate.finditer(text, start):
            place = found.start()
            if mark := self.at(text, place):
                return place, mark
            if found[0] not in "<]" and (found[0] != "[" or _begins_block(text, place)):
                return place, found[0]
        return None

    def is_begun(self, text: str) -> bool:
        """Whether all of `text` may become a mark."""
        return text in self._halves

    def held_back(self, text: str, start: int) -> int:
        """Where the longest end of `text` begins, not before `start`, that may become a mark."""
        tail = max(start, len(text) - LONGEST)
        for found in compiled(r"[<\[\]`~]").finditer(text, tail):
            end = text[found.start() :]
            if end in self._halves or (end[0] in "`~" and end.strip(end[0]) == ""):
                return found.start()
        line = text.rfind("\n", tail) + 1
        return line if line > start and text[line:] in self._line_halves else len(text)


def _begins_block(text: str, place: int) -> bool:
    """Whether the bracket there may; else it is one that may become a mark, such as `[/`."""
    return text[place - 1 : place] == "\n" and bool(compiled(BLOCKS["["]).match(text, place + 1))


@cache
def marks_of(family: str | None) -> Marks:
    return Marks(family)


@cache
def stray_ends() -> re.Pattern[str]:
    """What may close a call that nothing opened."""
    closings = (closing for row in ROWS for closing in row[2])
    return compiled(either(sorted({*closings, *SILENT})))


def _begun(texts: Iterable[str]) -> frozenset[str]:
    """Every text that may become one of these."""
    return frozenset(one[:length] for one in texts for length in range(1, len(one)))
