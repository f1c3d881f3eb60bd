"""What can be said of a table's columns: types, gaps, ranges, the values that are most common."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Cell = object
"""A text of a CSV file, or any JSON value; None is a gap."""

GAPS = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
INTEGER = re.compile(r"[+-]?\d{1,18}")
NUMBER = re.compile(r"[+-]?(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
NUMERIC = ("integer", "number")
MOSTLY = 0.9
"""A column with this share of numbers is one of numbers with some flaws."""
MOST_COMMON = 3
MOST_CELL_CHARS = 60


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    gaps: int
    distinct: int
    least: str = ""
    most: str = ""
    mean: str = ""
    common: tuple[str, ...] = ()

    def line(self) -> str:
        facts = [self.kind, f"{self.gaps:,} empty", f"{self.distinct:,} distinct"]
        if self.least:
            facts.append(f"{self.least} to {self.most}")
        if self.mean:
            facts.append(f"mean {self.mean}")
        if self.common:
            facts.append(f"such as {', '.join(self.common)}")
        return f"{self.name}: {', '.join(facts)}"


def column_of(name: str, cells: Iterable[Cell]) -> Column:
    """`cells` are those of a sample, or all."""
    values = Counter(_hashable(cell) for cell in cells)
    gaps = sum(values.pop(value) for value in [value for value in values if _is_gap(value)])
    kinds = Counter[str]()
    for value, count in values.items():
        kinds[_kind_of(value)] += count
    kind = _common_kind(kinds)
    least = most = mean = ""
    if kind.startswith(NUMERIC):
        least, most, mean = _range(values)
    elif kind in ("date", "time") and values:
        least, most = min(map(str, values)), max(map(str, values))
    common = () if least else tuple(_common(values))
    return Column(name, kind, gaps, len(values), least, most, mean, common)


def text_of(cell: Cell) -> str:
    """A cell in one short line."""
    text = cell if isinstance(cell, str) else "" if cell is None else json.dumps(cell, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= MOST_CELL_CHARS else text[: MOST_CELL_CHARS - 1] + "…"


def _hashable(cell: Cell) -> Cell:
    return text_of(cell) if isinstance(cell, list | dict) else cell


def _is_gap(value: Cell) -> bool:
    if isinstance(value, float):
        return value != value  # NaN
    return value is None or (isinstance(value, str) and value.strip().lower() in GAPS)


def _kind_of(value: Cell) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return _kind_of_text(value.strip())
        case _:
            return "text"


def _kind_of_text(text: str) -> str:
    if text.lower() in ("true", "false"):
        return "boolean"
    if INTEGER.fullmatch(text):
        return "integer"
    if NUMBER.fullmatch(text):
        return "number"
    if DATE.fullmatch(text):
        return "date" if len(text) == len("2026-01-01") else "time"
    return "text"


def _common_kind(kinds: Counter[str]) -> str:
    if not kinds:
        return "empty"
    if len(kinds) == 1:
        return next(iter(kinds))
    total = kinds.total()
    numbers = kinds["integer"] + kinds["number"]
    if numbers == total:
        return "number"
    if numbers >= MOSTLY * total:
        return f"number but for {total - numbers:,}"
    return "time" if kinds["date"] + kinds["time"] == total else "text"


def _range(values: Counter[Cell]) -> tuple[str, str, str]:
    numbers = {
        _number(value): count
        for value, count in values.items()
        if not isinstance(value, bool) and _kind_of(value) in NUMERIC
    }
    mean = sum(number * count for number, count in numbers.items()) / sum(numbers.values())
    return f"{min(numbers):.15g}", f"{max(numbers):.15g}", f"{mean:.6g}"


def _number(value: Cell) -> float:
    return float(str(value).strip())


def _common(values: Counter[Cell]) -> Sequence[str]:
    return [
        f"{text_of(value)!r} ({count:,}x)" if count > 1 else repr(text_of(value))
        for value, count in values.most_common(MOST_COMMON)
    ]
