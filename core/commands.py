"""Commands as help and the pages in docs/ tell them: one table for the command line, one for the chat."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

MARGIN, GAP = 2, 2
LEAST_PURPOSE = 12
"""Columns that a purpose needs beside its usage."""


class CommandRow(NamedTuple):
    """What a person may type, and what it does. Whoever acts on it has a table of these, and goes by name."""

    usage: str
    """The name, and what may follow it: `/model [NAME | back]`."""
    purpose: str
    """A sentence without a subject, in lower case and without a full stop."""

    @property
    def name(self) -> str:
        return self.usage.partition(" ")[0]


def help_lines(rows: Sequence[CommandRow], *, width: int = 80, usage_width: int = 28) -> Iterator[str]:
    """Two columns; a usage that is too long for its own stands on a line of its own."""
    from textwrap import wrap  # no start but that of a help needs it

    longest = max((len(row.usage) for row in rows if len(row.usage) <= usage_width), default=0)
    if width < MARGIN + longest + GAP + LEAST_PURPOSE:
        longest = 0  # a narrow screen: one below the other
    indent = " " * (MARGIN + longest + GAP)
    for row in rows:
        texts = wrap(row.purpose, max(LEAST_PURPOSE, width - len(indent)))
        if len(row.usage) > longest:
            yield " " * MARGIN + row.usage
        else:
            texts[0] = f"{row.usage:<{longest + GAP}}{texts[0]}"
            yield " " * MARGIN + texts.pop(0)
        yield from (indent + text for text in texts)


def table_lines(rows: Sequence[CommandRow], *, heading: str) -> Iterator[str]:
    """The same as a table of a Markdown page."""
    yield f"| {heading} | what it does |"
    yield "| --- | --- |"
    for row in rows:
        usage = row.usage.replace("|", r"\|")
        yield f"| `{usage}` | {row.purpose} |"
