"""Carries out one of the commands beside the chat and `-p`."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import TextIOWrapper
from typing import Any

from boot.arguments import DiscreetParser
from boot.commands.table import COMMANDS
from boot.layers import here, load_settings
from boot.masking import masking_of
from boot.shown import Shown
from core.commands import CommandRow
from core.visible import visible

SETTINGS = ("workspace", "model", "model_url", "permission", "sandbox")
"""What a command may let be set by a flag."""


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line that begins with the name of a command.

    Exits with code 2 and a usage line when it is not understood.

    Raises:
        AgentError: with the exit code it names.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what was said may hold letters this terminal lacks
    (row,) = (row for row in COMMANDS if row.name == arguments[0])
    command: Any = import_module(f"boot.commands.{row.name}")
    given = parser_of(row).understood(arguments[1:])
    flags = {name: getattr(given, name, None) for name in SETTINGS}
    loaded = load_settings(here(), {name: flag for name, flag in flags.items() if flag})
    for warning in loaded.warnings:
        sys.stderr.write(f"roost: {visible(warning)}\n")
    shown: Any = Shown(sys.stdout, masking_of(loaded.settings, here()), loaded.settings.theme)
    with redirect_stdout(shown):
        exit_code: int = command.act(given, loaded)
    return exit_code


def parser_of(row: CommandRow) -> DiscreetParser:
    """What may follow the name of a command."""
    command: Any = import_module(f"boot.commands.{row.name}")
    described = f"{row.purpose[0].upper()}{row.purpose[1:]}."
    parser = DiscreetParser(prog=f"roost {row.name}", description=described, allow_abbrev=False)
    parser.add_argument("--workspace", metavar="FOLDER", help="folder to work in (AGENT_WORKSPACE)")
    command.add_arguments(parser)
    return parser
