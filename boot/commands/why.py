"""`roost why`: how a shell command would be judged, and by which rule."""

import argparse
import sys
from asyncio import run

from boot.layers import Loaded, here
from boot.permissions import permissions_for
from boot.sandbox_choice import sandbox_for
from core.permissions import Effect
from core.visible import visible
from flow.why import explain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="COMMAND", help="in quotes, as one word")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    folders = here().folders
    sandbox = run(sandbox_for(loaded.settings, loaded.workspace, folders)).backend
    permissions, warnings = permissions_for(
        loaded.settings, loaded.workspace, folders, isolated=sandbox.isolated, has_person=True
    )
    for warning in warnings:
        sys.stderr.write(f"roost: {visible(warning)}\n")
    sys.stdout.write(explain(permissions, "shell", Effect.EXECUTE, {"command": given.text}) + "\n")
    return 0
