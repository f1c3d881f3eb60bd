"""`roost find`: what the tool find_code answers, for people and scripts."""

import argparse
import asyncio
import sys
from dataclasses import replace

from boot.code import SessionCode
from boot.layers import Loaded
from boot.opening import NEW_SESSION, NOBODY_THERE, opening
from boot.permissions import permissions_for
from boot.services import tool_services
from core.profile import ModelProfile
from core.tools import ToolContext
from core.visible import visible


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="what it is about; without: a map of all")
    parser.add_argument("--path", default=".", help="a file or folder to look in")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    sys.stdout.write(asyncio.run(_found(" ".join(given.words), given.path, loaded)) + "\n")
    return 0


async def _found(words: str, path: str, loaded: Loaded) -> str:
    from tool.find_code import FindCode, FindCodeArgs
    from tool.sandbox_none import PlainBackend

    around = opening(loaded.settings, NEW_SESSION, NOBODY_THERE)
    permissions, _ = permissions_for(
        loaded.settings, around.workspace, around.folders, isolated=False, has_person=True
    )
    code = SessionCode(around.folders.cache / "code", around.workspace)
    services = tool_services(around, permissions, PlainBackend(), ModelProfile())
    context = ToolContext(call_id="", progress=_tell)
    try:
        tool = FindCode(replace(services, code_index=code.index), exact="grep -rn")
        found = await tool.run(FindCodeArgs(query=words, path=path), context)
    finally:
        await code.aclose()
    return "\n".join(map(visible, found.text.splitlines()))


def _tell(progress: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"  {progress}")
