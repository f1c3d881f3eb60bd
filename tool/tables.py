"""Tables in text files, read once from end to end in bounded memory.

All rows are counted; of a long table a random sample is kept for what is said of its columns.
"""

import csv
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from random import Random
from typing import Generic, TextIO, TypeVar

from core.errors import ToolError
from tool.columns import Cell, text_of

Given = TypeVar("Given")
Kept = TypeVar("Kept")

HEAD_ROWS = 5
MOST_SAMPLED = 20_000
MOST_SAMPLED_CELLS = 500_000
MOST_SAMPLED_RECORDS = 5_000
KEPT_RECORD_CHARS = 4_000
"""Of a longer JSON line, each value is kept as a short text."""
MOST_COLUMNS = 2_000
LONGEST_LINE_CHARS = 16_000_000
KEPT_CELL_CHARS = 200
SNIFFED_BYTES = 65_536
LOADED_JSON_BYTES = 16_000_000
"""A longer JSON document is not loaded as a whole."""
JSON_HEAD_CHARS = 2_000_000
BATCH_ROWS = 2_048
BROKEN = object()
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


@dataclass(frozen=True, kw_only=True)
class Table:
    form: str
    """How it was read, in words."""
    columns: Sequence[str]
    row_count: int
    head: Sequence[Sequence[Cell]]
    sample: Sequence[Sequence[Cell]]
    """Random rows, or all."""
    sampled_all: bool = True
    is_counted: bool = True
    """False when `row_count` is an estimate."""
    notes: Sequence[str] = ()


@dataclass
class Sampler(Generic[Given, Kept]):
    """Counts rows, and keeps the first ones and random ones, as many as may come."""

    keep: Callable[[Given], Kept]
    most: int
    count: int = 0
    head: list[Kept] = field(default_factory=list)
    sample: list[Kept] = field(default_factory=list)
    _share: int = 1
    """One row of so many is kept."""
    _random: Random = field(default_factory=lambda: Random(0))

    def add(self, rows: Sequence[Given]) -> None:
        self.head += map(self.keep, rows[: HEAD_ROWS - len(self.head)])
        self.sample += map(self.keep, rows if self.has_all else self._some(rows))
        self.count += len(rows)
        while len(self.sample) > self.most:
            self._share *= 2
            self.sample = self._random.sample(self.sample, len(self.sample) // 2)

    @property
    def has_all(self) -> bool:
        return self._share == 1

    def _some(self, rows: Sequence[Given]) -> Sequence[Given]:
        return self._random.sample(rows, max(1, len(rows) // self._share))


@dataclass(frozen=True)
class Reading:
    """One reading of a file, which another thread may stop."""

    text: TextIO
    start: int
    """Bytes before the text: those of a byte order mark."""
    stopped: threading.Event
    progress: Callable[[str], None]

    def beginning(self, most_chars: int = -1) -> str:
        self.text.seek(self.start)
        return self.text.read(most_chars)

    def lines(self) -> Iterator[str]:
        """From the start; raises ToolError for one that would not fit in memory."""
        self.text.seek(self.start)
        while line := self.text.readline(LONGEST_LINE_CHARS):
            if len(line) == LONGEST_LINE_CHARS:
                raise ToolError(
                    f"A line is longer than {LONGEST_LINE_CHARS:,} characters.",
                    hint="Split it with a command.",
                )
            yield line

    def batches(self, rows: Iterator[Given]) -> Iterator[list[Given]]:
        """`rows` some at a time. Ends early when nobody waits for them any more."""
        count = 0
        while not self.stopped.is_set() and (batch := list(islice(rows, BATCH_ROWS))):
            count += len(batch)
            if count % (BATCH_ROWS * 512) == 0:
                self.progress(f"{count:,} rows read\n")
            yield batch


def csv_table(reading: Reading, delimiter: str) -> Table:
    """A table whose first row names its columns, unless all of that row are numbers."""
    csv.field_size_limit(LONGEST_LINE_CHARS)
    try:
        return _csv_table(reading, csv.reader(reading.lines(), delimiter=delimiter, strict=True), delimiter)
    except csv.Error as error:
        if "expected after" in str(error):  # text behind a closing mark
            return _csv_table(reading, csv.reader(reading.lines(), delimiter=delimiter), delimiter)
    rows = csv.reader(reading.lines(), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    table = _csv_table(reading, rows, delimiter)
    note = "A quotation mark is never closed: they were read as plain characters."
    return replace(table, notes=[note, *table.notes])


def delimiter_of(text: str) -> str:
    """The one that cuts the first lines into the same number of fields, the most of them."""
    lines = text.splitlines()[:50]
    lines = lines[:-1] or lines

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = Counter(map(len, csv.reader(lines, delimiter=delimiter)))
        widths.pop(0, None)
        if not widths:
            return 0, 0
        width, count = widths.most_common(1)[0]
        return (count / widths.total() if width > 1 else 0), width

    try:
        return max(DELIMITERS, key=fitness)
    except csv.Error:
        return ","


def jsonl_table(reading: Reading) -> Table:
    """One JSON value a line. Only the sampled lines are parsed."""
    sampler = Sampler(_parsed, most=MOST_SAMPLED_RECORDS)
    for batch in reading.batches(line for line in reading.lines() if not line.isspace()):
        sampler.add(batch)
    values = [value for value in sampler.sample if value is not BROKEN]
    broken = len(sampler.sample) - len(values)
    if broken and not values:
        raise ToolError("No line of it is JSON.", hint="read_file shows what it is.")
    notes = [f"{broken:,} of the {len(sampler.sample):,} lines looked at are not JSON."] if broken else []
    table = records_table(values, "JSON lines")
    return replace(table, row_count=sampler.count, sampled_all=sampler.has_all, notes=notes)


def records_table(values: Sequence[object], form: str) -> Table:
    """JSON values as rows: objects by their keys, everything else in a column of its own."""
    names = dict.fromkeys(key for value in values if isinstance(value, dict) for key in value)
    columns = list(names)[:MOST_COLUMNS]
    others = [] if all(isinstance(value, dict) for value in values) else ["(value)"]
    rows = [
        [*map(value.get, columns), *[None for _ in others]]
        if isinstance(value, dict)
        else [*[None for _ in columns], value]
        for value in values
    ]
    return Table(form=form, columns=columns + others, row_count=len(rows), head=rows[:HEAD_ROWS], sample=rows)


def json_head(text: str) -> tuple[list[object], int]:
    """The first elements of the array that `text` begins with, and how many characters they take."""
    decoder = json.JSONDecoder()
    values: list[object] = []
    place = text.index("[") + 1
    try:
        while True:
            place = _next_value(text, place)
            value, place = decoder.raw_decode(text, place)
            values.append(value)
    except ValueError:  # the last one is cut
        return values, place


def outline_of(value: object, depth: int = 3) -> Iterator[str]:
    """The structure of a JSON value that is no table: keys, types and lengths."""
    match value:
        case dict() if depth:
            for key, inner in islice(value.items(), 50):
                yield f"{key}: {kind_of(inner)}"
                yield from (f"  {line}" for line in outline_of(inner, depth - 1))
            if len(value) > 50:
                yield f"... {len(value) - 50:,} more keys"
        case list() if depth and value:
            yield f"[0]: {kind_of(value[0])}"
            yield from (f"  {line}" for line in outline_of(value[0], depth - 1))
        case _:
            pass


def _csv_table(reading: Reading, all_rows: Iterable[list[str]], delimiter: str) -> Table:
    rows = filter(None, all_rows)
    notes: list[str] = []
    first = next(rows, [])
    has_header = not _are_numbers(first)
    width = len(first)
    sampler = Sampler(_shortened, most=max(HEAD_ROWS, min(MOST_SAMPLED, MOST_SAMPLED_CELLS // max(1, width))))
    widths = Counter[int]()
    if not has_header:
        notes.append("Its first row are numbers: it has no header.")
        sampler.add([first])
    for batch in reading.batches(rows):
        widths.update(map(len, batch))
        sampler.add(batch)
    widths.pop(width, None)
    if widths:
        notes.append(f"{widths.total():,} rows do not have {width} fields, but {_listed(widths)}.")
    return Table(
        form=f"CSV, {DELIMITERS[delimiter]} between fields",
        columns=[
            name.strip() if has_header and name.strip() else f"column{place}"
            for place, name in enumerate(first, 1)
        ],
        row_count=sampler.count,
        head=sampler.head,
        sample=sampler.sample,
        sampled_all=sampler.has_all,
        notes=notes,
    )


def _are_numbers(row: Iterable[str]) -> bool:
    try:
        return all(float(cell) is not None for cell in row)
    except ValueError:
        return False


def _listed(widths: Counter[int]) -> str:
    return " or ".join(str(width) for width, _ in widths.most_common(3))


def _parsed(line: str) -> object:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return BROKEN
    if len(line) > KEPT_RECORD_CHARS and isinstance(value, dict):
        return {key: text_of(inner) for key, inner in value.items()}
    return value if len(line) <= KEPT_RECORD_CHARS else text_of(value)


def _next_value(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place


def _shortened(row: Sequence[str]) -> Sequence[Cell]:
    return [cell[:KEPT_CELL_CHARS] for cell in row]


def kind_of(value: object) -> str:
    match value:
        case dict():
            return f"object of {len(value):,} keys"
        case list():
            return f"array of {len(value):,}"
        case str():
            return "text"
        case bool():
            return "boolean"
        case None:
            return "null"
        case _:
            return "number"
