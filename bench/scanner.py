"""Measures how fast replies are searched for calls, family by family, and prints a table.

python -m bench.scanner            under two minutes on a quiet machine
python -m bench.scanner --quick    one round instead of three
"""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from time import perf_counter

from bench.tables import write
from core.messages import ToolCall
from core.protocols import ToolSpec
from gate.dialects import Scanner
from gate.dialects.table import families
from gate.dialects.writing import written_calls

MILLION = 1_000_000
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


COLUMNS = ("text, MB/s", "by 4, MB/s", "2 MB / 1 MB", "one call, MB/s", "by 4, MB/s", "2 MB / 1 MB")
BUDGET = ("≥ 20", "≥ 1", "≤ 2.2", "", "", "≤ 2.2")


def main() -> None:
    parser = ArgumentParser("python -m bench.scanner", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one round instead of three")
    rounds = 1 if parser.parse_args().quick else 3
    write("family", *COLUMNS)
    write(*("---",) * (1 + len(COLUMNS)))
    write("budget", *BUDGET)
    for family in (None, *families()):
        write(family or "any", *_speeds(family, text, rounds), *_speeds(family, _call_in(family), rounds))


def text(size: int) -> str:
    return (TEXT * (size // len(TEXT) + 1))[:size]


def _call_in(family: str | None) -> Callable[[int], str]:
    """A reply that writes a file of some size."""

    def reply(size: int) -> str:
        arguments = json.dumps({"path": "parser.py", "content": text(size)})
        return written_calls([ToolCall(id="", name="write_file", arguments=arguments)], family or "hermes")

    return reply


def _speeds(family: str | None, reply: Callable[[int], str], rounds: int) -> Sequence[str]:
    """In one piece, in pieces of 4 characters, and what twice the length costs of each."""
    one, two = reply(MILLION), reply(2 * MILLION)
    whole, whole_two = (seconds(family, said, len(said), rounds) for said in (one, two))
    pieces, pieces_two = (seconds(family, said, 4, rounds) for said in (one, two))
    megabytes = len(one) / MILLION
    ratios = f"{whole_two / whole:.2f}, by 4 {pieces_two / pieces:.2f}"
    return f"{megabytes / whole:.0f}", f"{megabytes / pieces:.1f}", ratios


def seconds(family: str | None, said: str, size: int, rounds: int) -> float:
    """The least of some rounds: what else the machine does only ever adds to it."""
    return min(_once(family, said, size) for _ in range(rounds))


def _once(family: str | None, said: str, size: int) -> float:
    pieces = [said[start : start + size] for start in range(0, len(said), size)]
    scanner = Scanner(TOOLS, family)
    started = perf_counter()
    for piece in pieces:
        scanner.feed(piece)
    scanner.close()
    return perf_counter() - started


if __name__ == "__main__":
    main()
