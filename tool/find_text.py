"""Lines of files that match a pattern."""

import asyncio
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, Field

from core.errors import ToolError
from core.permissions import Effect
from core.text import printable, quoted
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import MatchList
from tool.globs import matcher
from tool.ignore import Walk, folder_of
from tool.scan import Part, Task
from tool.text_search import search

MOST_MATCHES = 100
MOST_LINE_CHARS = 250
NOTE_CHARS = 300


class FindTextArgs(BaseModel):
    """Search the lines of files with a regular expression."""

    pattern: str
    path: str = "."
    glob: str = Field("", description="Only these files, e.g. *.py")
    context: int = Field(0, ge=0, le=10, description="Lines around a match.")
    files_only: bool = False


@dataclass(frozen=True)
class FindText:
    services: ToolServices
    ripgrep: str | None = field(default_factory=lambda: shutil.which("rg"))
    seconds: float = 30.0
    """After which a search is ended; what it found until then is shown."""
    name = "find_text"
    args = FindTextArgs
    effect = Effect.READ

    async def run(self, args: FindTextArgs, context: ToolContext) -> ToolResult:
        if not args.pattern:
            raise ToolError("The pattern is empty.", hint="Give what to search for.")
        fault = _fault(args.pattern)
        remarks = [f"(No regular expression, {fault}: searched as plain text.)"] if fault else []
        found, gaps = list[Part](), list[str]()
        try:
            async with asyncio.timeout(self.seconds):
                files = await asyncio.to_thread(self._files, args, gaps)
                await self._collect(self._task(args, files, literal=bool(fault)), found)
        except TimeoutError:
            gaps.append(f"(Stopped after {self.seconds:g} s: narrow path or glob, or use a simpler pattern.)")
        return self._answer(args, found, remarks, gaps)

    async def _collect(self, task: Task, found: list[Part]) -> None:
        """Fill `found` as it goes: what was found before a time-out is kept."""
        async with aclosing(search(task, self._trusted_ripgrep)) as parts:
            async for part in parts:
                found.append(part)  # noqa: PERF401 - see above

    def _files(self, args: FindTextArgs, gaps: list[str]) -> list[str]:
        """What is to be searched; `gaps` gets what is missing from it."""
        path = self.services.workspace.to_read(args.path)
        if os.access(path, os.F_OK) and not path.is_dir():
            return [os.fspath(path)]
        walk = Walk(folder_of(self.services, args.path), seconds=self.seconds)
        start = len(walk.start.path.rstrip("/")) + 1
        means = matcher(args.glob.removeprefix("./") or "*")
        files = [file for file in walk.files() if means(file[start:]) and not self.services.hides(file)]
        if not files:
            gaps.append(f"(No file there{f' matches {quoted(args.glob)}' if args.glob else ''}.)")
        if not walk.complete:
            gaps.append("(There are too many files: not all were searched. Give a path further down.)")
        return files

    def _task(self, args: FindTextArgs, files: list[str], *, literal: bool) -> Task:
        return Task(
            root=os.fspath(self.services.workspace.real_root),
            pattern=args.pattern,
            literal=literal,
            files=files,
            context=0 if args.files_only else args.context,
            most=MOST_MATCHES + 1,
            line_chars=MOST_LINE_CHARS,
            files_only=args.files_only,
        )

    @property
    def _trusted_ripgrep(self) -> str | None:
        """A program of the workspace is not run by a tool that only reads."""
        if self.ripgrep is None:
            return None
        inside = Path(self.ripgrep).resolve().is_relative_to(self.services.workspace.real_root)
        return None if inside else self.ripgrep

    def _answer(
        self, args: FindTextArgs, found: list[Part], remarks: list[str], gaps: list[str]
    ) -> ToolResult:
        shown, count, room = list[str](), 0, self.services.profile.output_chars - NOTE_CHARS
        for is_match, line in self._lines(args, found):
            room -= len(line) + 1
            if room < 0 or (is_match and count == MOST_MATCHES):
                break
            shown.append(line)
            count += is_match
        total = len(found) if args.files_only else sum(part.matches for part in found)
        if total > count:
            more = f"more than {MOST_MATCHES}" if total > MOST_MATCHES else f"{total - count} more"
            remarks.append(f"({more} matches: narrow pattern, path or glob)")
        if not total:
            remarks.insert(0, f"No match for {quoted(args.pattern)} in {quoted(args.path)}.")
            if "\\n" in args.pattern or "\n" in args.pattern:
                remarks.append("(Lines are searched one by one: no pattern can span two.)")
        text = "\n".join([*shown, *remarks, *gaps])
        complete = total == count and not gaps
        return ToolResult(text, MatchList(pattern=args.pattern, text=text, count=count, complete=complete))

    def _lines(self, args: FindTextArgs, found: list[Part]) -> Iterator[tuple[bool, str]]:
        """What is shown, and whether it is a match rather than something beside one."""
        root = self.services.workspace.real_root
        for part in found:
            name = printable(os.path.relpath(part.path, root))
            last = None
            for number, is_match, text in [] if args.files_only else part.lines:
                if args.context and last not in (None, number - 1):
                    yield False, "--"
                yield is_match, f"{name}:{number}: {text}" if is_match else f"{name}-{number}- {text}"
                last = number
            if args.files_only:
                yield True, name


def _fault(pattern: str) -> str:
    """Why `pattern` is no regular expression; empty when it is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error as error:
        return str(error)
    except (OverflowError, RecursionError) as error:
        return f"{type(error).__name__}"
    return ""
