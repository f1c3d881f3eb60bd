"""Writes the rows of a table as they are measured."""

import sys


def write(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()
