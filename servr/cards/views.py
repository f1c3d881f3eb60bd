"""Each view as a subject for a card's title, details beside it, and lines for its body."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import PurePath
from typing import assert_never

from core.views import (
    CodeResult,
    CommandOutput,
    FactList,
    FileChange,
    FileWindow,
    MatchList,
    PathList,
    Question,
    Table,
    View,
    WebPage,
)
from core.visible import visible
from servr.cards.diffs import Change, Colouring, changes_of, counted
from servr.cards.sheet import Sheet, text_lines
from servr.cells import clipped, fitted, width_of
from servr.drawing import first_line
from servr.markdown.code import Highlighter
from servr.spans import Line, Span, Style, line_of

LANGUAGES = {"yml": "yaml", "h": "c", "hpp": "cpp", "htm": "html", "mjs": "js", "cjs": "js", "pyi": "py"}
NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?%?")
MOST_CELL = 40
MAXIMUM = 10_000
"""Cells of a column where nothing is cut: no line that is shown is longer."""
LEAST_CELL = 4
BETWEEN = "  "


def subject_of(view: View) -> str:
    """What the call was about, in one line."""
    match view:
        case FileWindow(path=text) | FileChange(path=text) | PathList(root=text) | WebPage(url=text):
            return first_line(text)
        case MatchList(pattern=text) | CommandOutput(command=text) | CodeResult(code=text):
            return first_line(text)
        case Table(title=text) | Question(question=text) | FactList(title=text):
            return first_line(text)
        case _:
            assert_never(view)


def details_of(view: View) -> Sequence[Span]:
    """What came of it, in a few words each."""
    match view:
        case FileWindow(start=start, lines=lines, total_lines=total):
            texts = [f"lines {start:,} to {start + len(lines) - 1:,} of {total:,}"] if lines else ["empty"]
        case FileChange():
            return _details_of_change(view)
        case PathList(count=count, complete=complete) | MatchList(count=count, complete=complete):
            texts = [f"{count:,}{'' if complete else ' or more'} found"]
        case CommandOutput(exit_code=code, seconds=seconds):
            ended = Span(
                "stopped" if code is None else f"exit {code}", (Style.DIM if code == 0 else Style.BAD,)
            )
            return [ended, Span(f"{seconds:.1f} s", (Style.DIM,))]
        case CodeResult(failed=failed):
            return [Span("failed", (Style.BAD,))] if failed else []
        case Table(columns=columns, rows=rows):
            texts = [f"{_many(len(rows), 'row')}, {_many(len(columns), 'column')}"]
        case WebPage(title=title, text=text):
            texts = [*filter(None, [first_line(title)]), _many(len(text), "character")]
        case Question() | FactList():
            texts = []
        case _:
            assert_never(view)
    return [Span(text, (Style.DIM,)) for text in texts]


def language_of(view: View | None) -> str:
    """Of the code in it; empty where there is none."""
    match view:
        case FileWindow(path=path) | FileChange(path=path):
            suffix = PurePath(path).suffix.removeprefix(".").lower()
            return LANGUAGES.get(suffix, suffix)
        case CodeResult():
            return "python"
        case _:
            return ""


def view_lines(view: View) -> Iterator[Line]:
    """All of a view without its call."""
    details = [part for detail in details_of(view) for part in (Span(" · ", (Style.DIM,)), detail)]
    yield line_of([Span(subject_of(view), (Style.STRONG,)), *details])
    yield from body_of(view, Sheet(MAXIMUM, opened=True))


def body_of(view: View, sheet: Sheet) -> Iterator[Line]:
    match view:
        case FileWindow():
            yield from _window(view, sheet)
        case FileChange():
            yield from _change(view, sheet)
        case PathList(text=text) | MatchList(text=text) | FactList(text=text):
            yield from sheet.text(text, head=8, tail=2)
        case CommandOutput():
            yield from _command(view, sheet)
        case CodeResult():
            yield from _code(view, sheet)
        case Table():
            yield from _table(view, sheet)
        case WebPage(text=text):
            yield from sheet.text(text, Style.DIM, head=2)
        case Question(answer=answer):
            yield sheet.fit(Line(f"answered: {first_line(answer)}"))
        case _:
            assert_never(view)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _details_of_change(view: FileChange) -> Sequence[Span]:
    done = "created" if view.created else "deleted" if view.deleted else ""
    added, removed = counted(view.diff)
    return [
        *([Span(done, (Style.DIM,))] if done else []),
        *([Span(f"+{added:,}", (Style.ADDED,))] if added else []),
        *([Span(f"-{removed:,}", (Style.REMOVED,))] if removed else []),
    ]


def _window(view: FileWindow, sheet: Sheet) -> Iterator[Line]:
    colours = Highlighter(language_of(view))
    digits = len(str(view.start + len(view.lines) - 1))

    def row(numbered: tuple[int, str]) -> Line:
        number, text = numbered
        coloured = colours.line(visible(text).replace("\n", " ").expandtabs())
        between = "  " if coloured.text else ""
        return line_of([Span(f"{number:>{digits}}{between}", (Style.DIM,)), *coloured.parts])

    yield from sheet.rows([*enumerate(view.lines, view.start)], row, head=5)


def _change(view: FileChange, sheet: Sheet) -> Iterator[Line]:
    changes = changes_of(view)
    digits = len(str(max((change.number for change in changes), default=0)))
    draw = Colouring(language_of(view)).line if sheet.tinted else Change.line
    yield from sheet.rows(changes, lambda change: draw(change, digits), head=24, tail=8)


def _command(view: CommandOutput, sheet: Sheet) -> Iterator[Line]:
    if sheet.opened and "\n" in view.command:
        yield from sheet.text(view.command, Style.CODE, head=0)
    yield from sheet.text(view.output, head=3, tail=9)
    if view.full_output:
        yield sheet.fit(Line(f"all of it: {first_line(view.full_output)}", Style.DIM))


def _code(view: CodeResult, sheet: Sheet) -> Iterator[Line]:
    colours = Highlighter(language_of(view))
    code = text_lines(view.code)
    if len(code) > 1:
        yield from sheet.rows(code, colours.line, head=6)
    yield from sheet.text(view.output, Style.BAD if view.failed else Style.PLAIN, head=3, tail=9)
    for image in view.images:
        yield sheet.fit(line_of([Span("picture: ", (Style.DIM,)), Span(first_line(image), (Style.LINK,))]))


def _table(view: Table, sheet: Sheet) -> Iterator[Line]:
    """As many columns as have room; of the others their number is told."""
    shown = view.rows if sheet.opened else view.rows[:100]
    rows = [[first_line(cell) for cell in row] for row in (view.columns, *shown)]
    most = MAXIMUM if sheet.opened else MOST_CELL
    widths = [min(most, max(map(width_of, column))) for column in zip_longest(*rows, fillvalue="")]
    count = len(widths) if sheet.opened else _fitting(widths, sheet.width - 2)
    if count == 1 < len(widths):
        widths[0] = min(widths[0], max(LEAST_CELL, sheet.width - 2))

    numeric = [all(map(_is_number, column)) for column in zip_longest(*rows[1:], fillvalue="")]

    def row(cells: Sequence[str]) -> Line:
        parts = zip_longest(cells[:count], widths[:count], numeric[:count], fillvalue="")
        texts = (fitted(str(cell), int(width or 0), right=bool(right)) for cell, width, right in parts)
        return Line(BETWEEN.join(texts).rstrip())

    yield sheet.fit(Line(row(rows[0]).text, Style.STRONG))
    yield from sheet.rows(rows[1:], row, head=10)
    if (more := len(widths) - count) > 0:
        names = clipped(", ".join(rows[0][count:]), MOST_CELL)
        yield sheet.fit(Line(f"{_many(more, 'more column')}: {names}", Style.DIM))
    if view.note:
        yield sheet.fit(Line(first_line(view.note), Style.DIM))


def _is_number(cell: str) -> bool:
    return not cell or NUMBER.fullmatch(cell) is not None


def _fitting(widths: Sequence[int], room: int) -> int:
    """How many of the columns have room beside each other; one at least."""
    taken = 0
    for place, width in enumerate(widths):
        taken += width + (len(BETWEEN) if place else 0)
        if taken > room:
            return max(1, place)
    return len(widths)
