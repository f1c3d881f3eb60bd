"""The expressions that find, in the text of a reply, the places where something other than text begins."""

import re
from functools import cache
from itertools import groupby

from gate.dialects.table import CHANNELS, LINE_ROWS, RESULTS, SILENT, THOUGHTS, Row, rows_of

SPECIAL = re.compile(r"[<\[\]`~\n]")
"""What no mark can do without, but for those that count only where a line begins."""


@cache
def openings(family: str | None) -> dict[str, list[Row]]:
    """The rows by what opens them."""
    found: dict[str, list[Row]] = {}
    for row in rows_of(family):
        found.setdefault(row[1], []).append(row)
    return found


@cache
def literals(family: str | None) -> frozenset[str]:
    thoughts = (tag for pair in THOUGHTS for tag in pair)
    results = (opening for opening, _ in RESULTS)
    return frozenset((*openings(family), *thoughts, *results, *CHANNELS, *SILENT))


@cache
def marks(family: str | None) -> re.Pattern[str]:
    """Any mark, and any bracket or row that counts only where a line begins.

    Grouped by the first character, so that plain text is passed over at the speed of a character set.
    """
    grouped = (
        f"{re.escape(first)}(?:{'|'.join(re.escape(one[1:]) for one in same)})"
        for first, same in groupby(sorted(literals(family)), key=lambda one: one[0])
    )
    lines = (
        rf"{re.escape(start[0])}(?<=\n{re.escape(start[0])}){re.escape(start[1:])}"
        for start in ("{", "[", *(row[1] for row in LINE_ROWS))
    )
    return re.compile("|".join((*grouped, *lines, "``{0,63}", "~~~~{0,61}")))


@cache
def halves(family: str | None) -> frozenset[str]:
    """Every text that may become a mark."""
    whole = (*literals(family), *(closing for _, closing in RESULTS), "~~~")
    return frozenset(one[:length] for one in whole for length in range(1, len(one)))


@cache
def line_halves() -> frozenset[str]:
    """Every text that may become the opening of a row that counts only where a line begins."""
    return frozenset(row[1][:length] for row in LINE_ROWS for length in range(1, len(row[1])))


def held_back(text: str, start: int, family: str | None) -> int:
    """Where the longest end of `text` begins, not before `start`, that may become a mark."""
    known = halves(family)
    for found in _FIRST.finditer(text, max(start, len(text) - LONGEST)):
        end = text[found.start() :]
        if end in known or (end.strip(end[0]) == "" and end[0] in "`~"):
            return found.start()
    line = text.rfind("\n", max(start, len(text) - LONGEST)) + 1
    return line if line > start and text[line:] in line_halves() else len(text)


LONGEST = 64
"""No mark is longer, and no run of backticks is read as one that is."""
_FIRST = re.compile(r"[<\[\]`~]")
