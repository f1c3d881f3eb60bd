"""Writes the tables of docs/commands.md from those that help is made of: `python -m boot.commands_page`."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from boot.arguments import parser
from boot.chat_commands import rows_of_page
from boot.commands.table import typed_in_full
from core.commands import CommandRow, table_lines

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
TABLE = re.compile(r"(<!-- table of (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def flags() -> Iterable[str]:
    rows = []
    for action in parser()._actions:
        value = f" {action.metavar}" if action.metavar else ""
        usage = ", ".join(f"{name}{value}" for name in action.option_strings)
        rows.append(CommandRow(usage, action.help or ""))
    return table_lines(rows, heading="flag")


TABLES: dict[str, Callable[[], Iterable[str]]] = {
    "commands": lambda: table_lines(typed_in_full(), heading="command"),
    "flags": flags,
    "chat": rows_of_page,
}


def with_tables(page: str) -> str:
    """`page` with each table between its two marks as it has to be."""
    return TABLE.sub(lambda found: "\n".join((found[1].rstrip(), *TABLES[found[2]](), found[3])), page)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
