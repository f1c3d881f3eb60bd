"""`find_code`: the parts of a project's code that mean what was asked for, and a map of the whole."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from threading import Event
from typing import TypeVar

from pydantic import BaseModel

from core.code import CodeIndex, Hit
from core.errors import StoreError, ToolError
from core.permissions import Effect
from core.text import clip, printable, quoted
from core.tokens import CHARS_PER_TOKEN
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import MatchList
from tool.code_map import map_of
from tool.code_refresh import Refresh, Refreshed
from tool.ignore import Walk, folder_of

T = TypeVar("T")

MOST_HITS = 10
MOST_PROSE, PROSE = 3, ("", ".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc")
MAP_HITS = 40
"""How many chunks that fit the words a map begins at."""
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
    exact: str = "find_text"
    """What finds exact words, for whoever reads the answer."""
    name = "find_code"
    args = FindCodeArgs
    effect = Effect.READ

    async def run(self, args: FindCodeArgs, context: ToolContext) -> ToolResult:
        query = " ".join(args.query.split())[:MOST_WORDS_CHARS]
        if not query:
            return await self.map("", args.path, context.progress)

        def hits(index: CodeIndex, below: str) -> Sequence[Hit]:
            return _chosen(index.search(query, below=below, most=3 * MOST_HITS))

        found, refreshed = await self._asked(args.path, query, hits, context.progress)
        return self._answer(args, list(_shown(found, self._room)), refreshed)

    async def map(self, words: str, path: str, progress: Callable[[str], None]) -> ToolResult:
        """The definitions below `path` that the rest leans on most, beginning at what `words` mean.

        `progress` is called from another thread.
        """

        def drawn(index: CodeIndex, below: str) -> str:
            weights = dict(self._worked_on())
            for place, hit in enumerate(index.search(words, below="", most=MAP_HITS) if words else ()):
                weights[hit.path] = weights.get(hit.path, 0.0) + 1 / (1 + place)
            return map_of(index, below=below, tokens=self._room / CHARS_PER_TOKEN, weights=weights)

        text, refreshed = await self._asked(path, words, drawn, progress)
        return self._answer(FindCodeArgs(query=words, path=path), [text] if text else [], refreshed)

    async def _asked(
        self, path: str, words: str, ask: Callable[[CodeIndex, str], T], progress: Callable[[str], None]
    ) -> tuple[T | None, Refreshed]:
        """What the index says once it knows what is there; None when nobody waits for it any more."""
        stopped = Event()

        def asked(index: CodeIndex) -> tuple[T | None, Refreshed]:
            refresh = Refresh(self.services, index, stopped, progress, self.seconds)
            below, refreshed = self._refreshed(refresh, path, words)
            return (None if stopped.is_set() else ask(index, below)), refreshed

        try:
            return await asyncio.to_thread(self._in_turn, asked)
        except StoreError as error:
            raise ToolError(f"Code cannot be searched: {error}", hint=f"Use {self.exact}.") from error
        finally:
            stopped.set()  # a cancelled call must not go on reading

    def _in_turn(self, asked: Callable[[CodeIndex], T]) -> T:
        """What `asked` answers; a file that turns out to be damaged is made anew for it."""
        index = self.services.code_index()
        with index.turn():  # a call that was cancelled may still be ending
            try:
                return asked(index)
            except StoreError as error:
                if not index.begin_anew(error):
                    raise
                return asked(index)

    def _refreshed(self, refresh: Refresh, asked: str, words: str) -> tuple[str, Refreshed]:
        """The path below which is searched, and what the index knows of it by now."""
        workspace = self.services.workspace
        path = workspace.to_read(asked)
        below = "" if path == workspace.real_root else workspace.name_of(path)
        if refresh.stopped.is_set():
            return below, Refreshed(0)
        if os.access(path, os.F_OK) and not path.is_dir():
            return below, refresh.one(below)
        return below, refresh.all_of(Walk(folder_of(self.services, asked)), words)

    @property
    def _room(self) -> int:
        return self.services.profile.output_chars - NOTE_CHARS

    def _worked_on(self) -> Mapping[str, float]:
        """The files that the session has seen, which count as much together as all others do."""
        workspace, seen = self.services.workspace, tuple(self.services.ledger.files())
        return {workspace.name_of(path): 1 / len(seen) for path in seen}

    def _answer(self, args: FindCodeArgs, shown: Sequence[str], refreshed: Refreshed) -> ToolResult:
        remarks = list(_remarks(args, refreshed, self.exact, found=bool(shown)))
        text = "\n".join([*shown, *remarks])
        complete = not refreshed.left and refreshed.complete
        view = MatchList(pattern=args.query, text=text, count=len(shown), complete=complete)
        return ToolResult(text, view)


def _chosen(hits: Sequence[Hit]) -> Sequence[Hit]:
    """Prose says in plain words what code does, and would often come first: it has its share, and no more."""
    texts = [hit for hit in hits if PurePath(hit.path).suffix in PROSE]
    late = {id(hit) for hit in texts[MOST_PROSE:]}
    return [*(hit for hit in hits if id(hit) not in late), *texts[MOST_PROSE:]][:MOST_HITS]


def _shown(hits: Sequence[Hit] | None, room: int) -> Iterator[str]:
    """Each with its place and its first lines, for as long as there is room."""
    for hit in hits or ():
        name = f" {hit.chunk.name}" if hit.chunk.name else ""
        place = printable(f"{hit.path}:{hit.chunk.first}-{hit.chunk.last}{name}")
        lines = [line for line in hit.chunk.text.split("\n") if line.strip()][:SHOWN_LINES]
        text = "\n".join([place, *(f"  {clip(line.rstrip(), SHOWN_LINE_CHARS)}" for line in lines)])
        room -= len(text) + 1
        if room < 0:
            return
        yield text


def _remarks(args: FindCodeArgs, refreshed: Refreshed, exact: str, *, found: bool) -> Iterator[str]:
    if not found and not refreshed.left:
        yield (
            f"There is no code in {quoted(args.path)} to search."
            if not refreshed.files
            else (f"Nothing in {quoted(args.path)} is like {quoted(args.query)}. {exact} finds exact words.")
        )
    if refreshed.left:
        yield f"({refreshed.left:,} of {refreshed.files:,} files are not read yet: call again to go on.)"
    if not refreshed.complete:
        yield "(There are too many files: not all were looked at. Give a path further down.)"
