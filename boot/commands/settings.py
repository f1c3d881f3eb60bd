"""`roost settings`: every value with its origin; secrets are said to be set or not."""

import argparse
import sys
from collections.abc import Sequence

from boot.layers import Loaded
from boot.settings import known_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def setting_rows(loaded: Loaded) -> Sequence[tuple[str, str, str]]:
    """Name, value and origin of each."""
    rows = [
        (name, known.shown(getattr(loaded.settings, name)), loaded.origins[name])
        for name, known in known_settings().items()
    ]
    return [*rows, ("(workspace in use)", str(loaded.workspace), "")]


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    rows = setting_rows(loaded)
    names, values = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, current, origin in rows:
        sys.stdout.write(f"{name:<{names}}  {current:<{values}}  {origin}".rstrip() + "\n")
    return 0
