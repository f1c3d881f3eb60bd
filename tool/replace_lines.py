"""Lines of a file, replaced by their numbers: for models that count lines better than they copy them."""

import asyncio
from dataclasses import dataclass

from pydantic import BaseModel, Field

from core.errors import ToolError
from core.permissions import Effect
from core.text import clip_line
from core.tools import ToolContext, ToolResult, ToolServices
from tool.edit_file import AROUND, EditFile
from tool.matching import Found, Place

SHOWN_CHARS = 120


class ReplaceLinesArgs(BaseModel):
    """Replace lines of a file by their numbers. Numbers below an edit move: read the file again after it."""

    path: str
    start: int = Field(ge=1)
    end: int = Field(ge=1, description="Last line that is replaced.")
    first: str = Field(description="Text of line start as it is now.")
    new: str


@dataclass(frozen=True)
class ReplaceLines:
    """`first` is what shows that the numbers are still right."""

    services: ToolServices
    name = "replace_lines"
    args = ReplaceLinesArgs
    effect = Effect.WRITE

    async def run(self, args: ReplaceLinesArgs, context: ToolContext) -> ToolResult:
        edit = EditFile(self.services)
        return await asyncio.to_thread(edit.edited, args.path, lambda text: self._found(args, text, edit))

    def _found(self, args: ReplaceLinesArgs, text: str, edit: EditFile) -> Found:
        """Where to edit. Raises ToolError when the lines are not there, or are others by now."""
        lines = text.removesuffix("\n").split("\n")
        if args.end < args.start:
            raise ToolError(f"end is {args.end}, before start.", hint="Both are lines that are replaced.")
        if args.end > len(lines):
            raise ToolError(f"{args.path!r} ends at line {len(lines)}.", hint="End at or before it.")
        there = lines[args.start - 1]
        if there.split() != args.first.split():
            raise self._moved(args, lines, edit, text)
        start = sum(len(line) + 1 for line in lines[: args.start - 1])
        old = "\n".join(lines[args.start - 1 : args.end])
        new = args.new.replace("\r\n", "\n").removesuffix("\n")
        if new == old:
            raise ToolError(f"{args.path!r} would not change.", hint="Give in new what the lines become.")
        end = start + len(old)
        gone = not args.new and end < len(text)  # the line end goes with the lines
        return Found((Place(start, end + gone, new),))

    def _moved(self, args: ReplaceLinesArgs, lines: list[str], edit: EditFile, text: str) -> ToolError:
        places = [at for at, line in enumerate(lines) if line.split() == args.first.split()]
        said = f"Line {args.start} is {clip_line(lines[args.start - 1], SHOWN_CHARS)!r}, not what first says"
        said += f"; that is line {places[0] + 1}." if len(places) == 1 else "."
        at = places[0] if len(places) == 1 else args.start - 1
        shown = edit.numbered(text, range(at - AROUND, at + AROUND + 1))
        return ToolError(said, hint=f"Give the numbers as they are now:\n{shown}")
