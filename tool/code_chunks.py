"""A file's text cut into chunks: a definition each, and paragraphs where there is none.

lines ── whose line is it? ──▶ a function: its lines, in windows if it is long
                               a class: what is none of its methods'
                               nobody: paragraphs
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from core.code import COMMENT, Chunk
from core.text import clip_line

MOST_LINES, MOST_CHARS = 60, 2_400
"""Of a chunk."""
MOST_LINE_CHARS = 300
MOST_CHUNKS = 400
"""Of a file; what comes after them is not searched."""
MOST_NAMES = 600
HEADING = re.compile(r"#{1,6} +(\S.*)")
NAME = re.compile(r"[A-Za-z_]\w{2,60}")
MOST_NAMED_CHARS = 120


@dataclass(frozen=True)
class Defined:
    """Where something is defined, by the numbers of its lines."""

    name: str
    first: int
    last: int
    holds: bool = False
    """Whether it may hold other definitions, as a class does."""


def chunks_of(lines: Sequence[str], definitions: Iterable[Defined]) -> list[Chunk]:
    """All of a file, in the order of its lines."""
    ordered = sorted(definitions, key=lambda each: (each.first, -each.last))
    owners: list[Defined | None] = [None] * len(lines)
    for each in ordered:
        first = _with_comment(lines, owners, each.first)
        owners[first - 1 : each.last] = [each] * (min(each.last, len(lines)) - first + 1)
    chunks = [*_of_holders(lines, owners, ordered), *_of_runs(lines, owners)]
    chunks.sort(key=lambda chunk: (chunk.first, -chunk.last))
    return chunks[:MOST_CHUNKS]


def paragraphs_of(lines: Sequence[str], *, headings: bool = False) -> list[Chunk]:
    """For what is no code, or cannot be read as such. `headings`: whether `# …` begins a section."""
    chunks, heading = list[Chunk](), ""
    for first, last in _sections(lines) if headings else [(1, len(lines))]:
        if headings and (found := HEADING.match(lines[first - 1])):
            heading = found[1][:MOST_NAMED_CHARS]
        chunks += (_chunk(lines, start, end, heading) for start, end in _windows(lines, first, last))
    return chunks[:MOST_CHUNKS]


def names_in(text: str) -> list[str]:
    """The names that stand in a text, each once."""
    return list(dict.fromkeys(NAME.findall(text)))[:MOST_NAMES]


def _with_comment(lines: Sequence[str], owners: Sequence[Defined | None], first: int) -> int:
    """The first line of what is said right above a definition."""
    owner = owners[first - 1]
    while first > 1 and owners[first - 2] is owner and COMMENT.match(lines[first - 2]):
        first -= 1
    return first


def _of_holders(
    lines: Sequence[str], owners: Sequence[Defined | None], definitions: Sequence[Defined]
) -> Iterator[Chunk]:
    own: dict[int, list[str]] = {id(each): [] for each in definitions if each.holds}
    first: dict[int, int] = {}
    for number, (line, owner) in enumerate(zip(lines, owners, strict=True), 1):
        if owner is not None and owner.holds:
            own[id(owner)].append(line)
            first.setdefault(id(owner), number)
    for each in definitions:
        if each.holds:
            text = _text(own[id(each)] or lines[each.first - 1 : each.first])
            yield Chunk(first.get(id(each), each.first), each.last, text, each.name, heads=True)


def _of_runs(lines: Sequence[str], owners: Sequence[Defined | None]) -> Iterator[Chunk]:
    """Functions, and what is nobody's."""
    at = 1
    for owner, run in groupby(owners, key=lambda owner: owner):
        first, at = at, at + len(list(run))
        if owner is None or not owner.holds:
            parts = _windows(lines, first, at - 1)
            name = owner.name if owner else ""
            heads = owner is not None
            for start, end in parts:
                yield _chunk(lines, start, end, name, heads=heads)
                heads = False


def _sections(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The spans between headings."""
    first = 1
    for number, line in enumerate(lines, 1):
        if number > first and HEADING.match(line):
            yield first, number - 1
            first = number
    if first <= len(lines):
        yield first, len(lines)


def _windows(lines: Sequence[str], first: int, last: int) -> Iterator[tuple[int, int]]:
    """`first` to `last` in parts that are no longer than a chunk, cut at a blank line where there is one."""
    while first <= last:
        if not lines[first - 1].strip():
            first += 1
            continue
        end = _end_of_window(lines, first, last)
        yield first, _without_blanks(lines, first, end)
        first = end + 1


def _end_of_window(lines: Sequence[str], first: int, last: int) -> int:
    chars, end, blank = 0, first, 0
    while end <= last and end - first < MOST_LINES and (chars <= MOST_CHARS or end == first):
        chars += min(len(lines[end - 1]), MOST_LINE_CHARS) + 1
        blank = end if not lines[end - 1].strip() else blank
        end += 1
    if end > last:
        return last
    return blank if blank > (first + end) // 2 else end - 1


def _without_blanks(lines: Sequence[str], first: int, last: int) -> int:
    while last > first and not lines[last - 1].strip():
        last -= 1
    return last


def _chunk(lines: Sequence[str], first: int, last: int, name: str, *, heads: bool = False) -> Chunk:
    return Chunk(first, last, _text(lines[first - 1 : last]), name, heads)


def _text(lines: Sequence[str]) -> str:
    return "\n".join(clip_line(line, MOST_LINE_CHARS) for line in lines[: 4 * MOST_LINES])[: 2 * MOST_CHARS]
