"""Files by their names."""

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from core.errors import ToolError
from core.permissions import Effect
from core.text import printable, quoted
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import PathList
from tool.globs import matcher
from tool.ignore import Walk, folder_of

MOST_SHOWN = 200
NOTE_CHARS = 120


class FindFilesArgs(BaseModel):
    """Find files by glob (src/**/*.py) or part of the name."""

    pattern: str
    path: str = "."


@dataclass(frozen=True)
class FindFiles:
    services: ToolServices
    name = "find_files"
    args = FindFilesArgs
    effect = Effect.READ

    async def run(self, args: FindFilesArgs, context: ToolContext) -> ToolResult:
        return await asyncio.to_thread(self._find, args)

    def _find(self, args: FindFilesArgs) -> ToolResult:
        root = self.services.workspace.real_root
        walk = Walk(folder_of(self.services, args.path))
        means = meaning_of(args.pattern)
        shown: list[str] = []
        count, room = 0, self.services.profile.output_chars - NOTE_CHARS
        for file in walk.files():
            if not means(os.path.relpath(file, walk.start.path)):
                continue
            count += 1
            name = printable(os.path.relpath(file, root))
            room -= len(name) + 1
            if room >= 0 and len(shown) < MOST_SHOWN:
                shown.append(name)
        text = "\n".join(shown + _remarks(args, count, len(shown), complete=walk.complete))
        complete = walk.complete and count == len(shown)
        return ToolResult(
            text, PathList(root=printable(args.path), text=text, count=count, complete=complete)
        )


def meaning_of(pattern: str) -> Callable[[str], object]:
    """Whether a path is meant: by a glob, or by a part of it in any case. Raises ToolError."""
    pattern = pattern.strip().removeprefix("./")
    if not pattern:
        raise ToolError("The pattern is empty.", hint="Give a glob or a part of a name.")
    if re.search(r"[*?\[{]", pattern):
        return matcher(pattern)
    return lambda path: pattern.casefold() in path.casefold()


def _remarks(args: FindFilesArgs, count: int, shown: int, *, complete: bool) -> list[str]:
    remarks = []
    if not count:
        remarks.append(f"No file below {quoted(args.path)} matches {quoted(args.pattern)}.")
    if count > shown:
        remarks.append(f"({count - shown:,} more: narrow the pattern or the path)")
    if not complete:
        remarks.append("(There are too many files: not all were looked at. Give a path further down.)")
    return remarks
