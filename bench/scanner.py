"""Measures how fast replies are searched for calls, and prints two tables.

python -m bench.scanner            about five minutes on a quiet machine
python -m bench.scanner --quick    one round of shorter replies: a look, no measurement

The first table has a row for each family: prose with code in it, one call that writes a large file, and the
worst of three hostile replies that are made of the family's own marks. The second has a row for each reply
that is hostile to all families at once. Seconds are those of the processor, the least of some rounds.
"""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import process_time

from bench.tables import write
from core.messages import ToolCall
from core.tools import ToolSpec
from gate.dialects import Scanner
from gate.dialects.table import families, rows_of
from gate.dialects.writing import written_calls

MILLION = 1_000_000
LEAST_SECONDS = 0.3
"""For so long each reply is read again and again."""
TEXT = """\
The parser reads one line at a time, and keeps what it has not understood yet. When a name is unknown, it asks
the table (see `names.py`, line 40) whether there is another, e.g. list[int] or <section>.

    for line in lines:
        found = table.get(line.strip(), {})
        if found is None:
            continue

Then it goes on; a < b && b > c, [a link](https://example.org/a?b=1), and so forth.
"""
TOOLS = (
    ToolSpec(
        name="write_file",
        description="Writes.",
        parameters={"properties": {"path": {"type": "string"}, "content": {"type": "string"}}},
    ),
)
CALL = '<tool_call>{"name": "write_file"}</tool_call>'
HOSTILE: Mapping[str, str] = {
    "half marks": "<",
    "half tags": "<tool_cal",
    "backticks": "`",
    "fences": "```\n",
    "fences of JSON": '```json\n{"name": "write_file",\n',
    "code spans": "`a\n",
    "thoughts not closed": "<think>",
    "calls and thoughts": f"{CALL}<think></think>",
    "calls in thoughts": f"<think>{CALL}</think>\n",
    "braces": "{\n",
    "objects": '{"name": "write_file", "arguments": {}}\n',
    "brackets": "[\n",
    "lists": "[write_file(\n",
    "calls not closed": '<tool_call>{"name": "write_file", "arguments": {"path": "',
    "tags not closed": "<tool_call><function=write_file><parameter=path>",
    "calls of nothing": '<tool_call>{"name": "rm", "arguments": {}}</tool_call>',
    "a call, then half of one": '<tool_call>{"name": "write_file"} [{</tool_call>',
    "nesting": '{"a":[',
    "one line": "x",
    "spaces": " ",
    "line ends": "\n",
}
BEGINNINGS = ("", '<tool_call>{"name": "write_file", "arguments": ', "<function=write_file><parameter=path>")
"""Each hostile reply is also tried within a call."""

Reply = Callable[[int], str]


@dataclass(frozen=True)
class Measured:
    """Of one reply, and of another like it that is twice as long."""

    whole: float
    """Megabytes a second in one piece."""
    pieces: float
    """The same in pieces of four characters."""
    growth: float
    """How many times as long the longer one takes, in whichever way is worse."""


def main() -> None:
    parser = ArgumentParser("python -m bench.scanner", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one round of shorter replies")
    quick = parser.parse_args().quick
    size, rounds = (MILLION // 10, 1) if quick else (MILLION, 3)
    write("family", *(f"{kind}, {column}" for kind in ("text", "call", "hostile") for column in COLUMNS))
    write(*("---",) * (1 + 3 * len(COLUMNS)))
    write("budget", *BUDGET, *BUDGET, "", "", BUDGET[-1])
    for family in (None, *families()):
        hostile = [measured(family, reply, size // 5, rounds) for reply in own_marks(family)]
        whole = (measured(family, reply, size, rounds) for reply in (text, call_in(family)))
        write(family or "any", *(cell for one in (*whole, worst(hostile)) for cell in cells(one)))
    write()
    write("hostile to all", *COLUMNS)
    write(*("---",) * (1 + len(COLUMNS)))
    for name, unit in HOSTILE.items():
        tried = [measured(None, repeated(unit, begin), size, rounds) for begin in BEGINNINGS]
        write(name, *cells(worst(tried)))


COLUMNS = ("MB/s", "by 4, MB/s", "twice as long")
BUDGET = ("≥ 20", "≥ 1", "≤ 2.2")


def text(size: int) -> str:
    return (TEXT * (size // len(TEXT) + 1))[:size]


def call_in(family: str | None) -> Reply:
    """A reply that writes a file of some size."""

    def reply(size: int) -> str:
        arguments = json.dumps({"path": "parser.py", "content": text(size)})
        return written_calls([ToolCall(id="", name="write_file", arguments=arguments)], family or "hermes")

    return reply


def repeated(unit: str, begin: str = "") -> Reply:
    return lambda size: begin + (unit * (size // len(unit) + 1))[:size]


def own_marks(family: str | None) -> Iterator[Reply]:
    """A family's openings, whole and half, and calls in its words that break off in the middle."""
    opening = next((row[1] for row in rows_of(family) if row[0] == family), "<|channel|>")
    written = call_in(family)(40)
    for unit in (opening, opening[:-1], written[: len(written) // 2]):
        yield repeated(unit)


def measured(family: str | None, reply: Reply, size: int, rounds: int) -> Measured:
    one, two = reply(size), reply(2 * size)
    whole, whole_two = (seconds(family, said, len(said), rounds) for said in (one, two))
    pieces, pieces_two = (seconds(family, said, 4, rounds) for said in (one, two))
    megabytes = len(one) / MILLION
    grown = len(two) / len(one) / 2
    return Measured(
        megabytes / whole, megabytes / pieces, max(whole_two / whole, pieces_two / pieces) / grown
    )


def worst(found: list[Measured]) -> Measured:
    return Measured(
        min(one.whole for one in found), min(one.pieces for one in found), max(one.growth for one in found)
    )


def seconds(family: str | None, said: str, size: int, rounds: int) -> float:
    """The least of some rounds, more of short ones: what else the machine does only ever adds to it."""
    times = [_once(family, said, size) for _ in range(rounds)]
    while rounds > 1 and sum(times) < LEAST_SECONDS:
        times.append(_once(family, said, size))
    return min(times)


def _once(family: str | None, said: str, size: int) -> float:
    pieces = [said[start : start + size] for start in range(0, len(said), size)]
    scanner = Scanner(TOOLS, family)
    started = process_time()
    for piece in pieces:
        scanner.feed(piece)
    scanner.close()
    return max(process_time() - started, 1e-6)


def cells(found: Measured) -> tuple[str, str, str]:
    return f"{found.whole:.3g}", f"{found.pieces:.2g}", f"{found.growth:.2f}"


if __name__ == "__main__":
    main()
