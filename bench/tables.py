"""Writes the rows of a table as they are measured."""

import sys


def write(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n" if cells else "\n")
    sys.stdout.flush()
