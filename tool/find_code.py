"""`find_code`: the parts of a project's code that mean what was asked for, and a map of the whole."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

from pydantic import BaseModel

from core.code import Hit
from core.permissions import Effect
from core.text import clip, printable, quoted
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import MatchList
from tool.code_map import map_of
from tool.code_refresh import Refresh, Refreshed
from tool.ignore import Walk, folder_of

MOST_HITS = 10
SHOWN_LINES, SHOWN_LINE_CHARS = 8, 160
"""Of each chunk."""
MOST_WORDS_CHARS = 2_000
NOTE_CHARS = 200


class FindCodeArgs(BaseModel):
    """Search code by meaning. Without a query: a map of it."""

    query: str = ""
    path: str = "."


@dataclass(frozen=True)
class FindCode:
    services: ToolServices
    seconds: float = 120.0
    """For reading what changed, in one call; what is left is read by the next."""
    name = "find_code"
    args = FindCodeArgs
    effect = Effect.READ

    async def run(self, args: FindCodeArgs, context: ToolContext) -> ToolResult:
        loop, stopped = asyncio.get_running_loop(), Event()

        def progress(text: str) -> None:
            if not stopped.is_set():
                loop.call_soon_threadsafe(context.progress, text)

        try:
            return await asyncio.to_thread(self._run, args, stopped, progress)
        finally:
            stopped.set()  # a cancelled call must not go on reading

    def _run(self, args: FindCodeArgs, stopped: Event, progress: Callable[[str], None]) -> ToolResult:
        query = " ".join(args.query.split())[:MOST_WORDS_CHARS]
        index = self.services.code_index()
        with index.turn():  # a call that was cancelled may still be ending
            if stopped.is_set():
                return ToolResult("")
            refresh = Refresh(self.services, index, stopped, progress, self.seconds)
            below, refreshed = self._refreshed(refresh, args.path, query)
            room = self.services.profile.output_chars - NOTE_CHARS
            if query:
                hits = index.search(query, below=below, most=MOST_HITS)
                return self._answer(args, list(_shown(hits, room)), refreshed)
            text = map_of(index, below=below, room=room, weights=self._worked_on())
        return self._answer(args, [text] if text else [], refreshed)

    def _refreshed(self, refresh: Refresh, asked: str, query: str) -> tuple[str, Refreshed]:
        """The path below which is searched, once the index knows what is there."""
        workspace = self.services.workspace
        path = workspace.to_read(asked)
        below = "" if path == workspace.real_root else workspace.name_of(path)
        if os.access(path, os.F_OK) and not path.is_dir():
            return below, refresh.one(below)
        return below, refresh.all_of(Walk(folder_of(self.services, asked)), query)

    def _worked_on(self) -> Mapping[str, float]:
        """The files that the session has seen, which count as much together as all others do."""
        workspace, seen = self.services.workspace, tuple(self.services.ledger.files())
        return {workspace.name_of(path): 1 / len(seen) for path in seen}

    def _answer(self, args: FindCodeArgs, shown: Sequence[str], refreshed: Refreshed) -> ToolResult:
        remarks = list(_remarks(args, refreshed, found=bool(shown)))
        text = "\n".join([*shown, *remarks])
        complete = not refreshed.left and refreshed.complete
        view = MatchList(pattern=args.query, text=text, count=len(shown), complete=complete)
        return ToolResult(text, view)


def _shown(hits: Sequence[Hit], room: int) -> Iterator[str]:
    """Each with its place and its first lines, for as long as there is room."""
    for hit in hits:
        name = f" {hit.chunk.name}" if hit.chunk.name else ""
        place = printable(f"{hit.path}:{hit.chunk.first}-{hit.chunk.last}{name}")
        lines = [line for line in hit.chunk.text.split("\n") if line.strip()][:SHOWN_LINES]
        text = "\n".join([place, *(f"  {clip(line.rstrip(), SHOWN_LINE_CHARS)}" for line in lines)])
        room -= len(text) + 1
        if room < 0:
            return
        yield text


def _remarks(args: FindCodeArgs, refreshed: Refreshed, *, found: bool) -> Iterator[str]:
    if not found and not refreshed.left:
        yield (
            f"There is no code in {quoted(args.path)} to search."
            if not refreshed.files
            else (
                f"Nothing in {quoted(args.path)} is like {quoted(args.query)}. find_text finds exact words."
            )
        )
    if refreshed.left:
        yield f"({refreshed.left:,} of {refreshed.files:,} files are not read yet: call again to go on.)"
    if not refreshed.complete:
        yield "(There are too many files: not all were looked at. Give a path further down.)"
