"""The tree of a folder, breadth first, so that one large folder does not hide the others."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, Field

from core.errors import ToolError
from core.permissions import Effect
from core.text import printable
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import PathList
from tool.ignore import Entry, Folder, Listing, folder_of

MOST_SHOWN = 200
MOST_OF_ONE_FOLDER = 60
"""Below the folder that was asked for."""
MOST_COUNTED = 1_000
"""Of a folder that is too deep to be shown."""
NOTE_CHARS = 160


class ListFilesArgs(BaseModel):
    """Show a folder as a tree, without what .gitignore names."""

    path: str = "."
    depth: int = Field(2, ge=1, le=8)


@dataclass(frozen=True)
class ListFiles:
    services: ToolServices
    name = "list_files"
    args = ListFilesArgs
    effect = Effect.READ

    async def run(self, args: ListFilesArgs, context: ToolContext) -> ToolResult:
        return await asyncio.to_thread(self._list, args)

    def _list(self, args: ListFilesArgs) -> ToolResult:
        folder = folder_of(self.services, args.path)
        tree = Tree(self.services.profile.output_chars - NOTE_CHARS)
        try:
            tree.grow(folder, args.depth)
        except OSError as error:
            raise ToolError(f"{args.path!r} cannot be listed: {error.strerror}.") from error
        text = "\n".join(tree.lines(folder.path)) or "(empty)"
        if tree.left_out:
            text += f"\n({tree.left_out:,} entries not shown: list a folder below, or use find_files)"
        name = printable(self.services.workspace.name_of(Path(folder.path)))
        return ToolResult(text, PathList(root=name, text=text, count=tree.count, complete=not tree.left_out))


@dataclass
class Tree:
    """What is shown: a part of the entries of each folder, within a number of characters."""

    room: int
    count: int = 0
    left_out: int = 0
    """Entries for which there was no room."""
    _shown: dict[str, list[Entry]] = field(default_factory=dict)
    _notes: dict[str, str] = field(default_factory=dict)
    """By folder: what is said of the entries that are not shown."""

    def grow(self, start: Folder, depth: int) -> None:
        """Raises OSError when `start` itself cannot be read."""
        waiting = deque(self._folders_in(start.listing(), 1))
        while waiting:
            folder, level = waiting.popleft()
            try:
                if level <= depth:
                    waiting += self._folders_in(folder.listing(), level)
                else:
                    self._notes[folder.path] = _counted(folder.listing(MOST_COUNTED))
            except OSError:
                self._notes[folder.path] = "(cannot be read)"

    def _folders_in(self, listing: Listing, level: int) -> Iterator[tuple[Folder, int]]:
        """Take what there is room for; answers the folders among it."""
        most = min(MOST_SHOWN - self.count, MOST_SHOWN if level == 1 else MOST_OF_ONE_FOLDER)
        taken = self._shown[listing.folder.path] = list[Entry]()
        for entry in listing.entries[:most]:
            self.room -= len(printable(entry.name)) + 2 * level + 2
            if self.room < 0:
                break
            taken.append(entry)
        self.count += len(taken)
        left = len(listing.entries) - len(taken)
        self.left_out += left
        if left:
            self._notes[listing.folder.path] = f"({left:,}{'' if listing.complete else '+'} more)"
        return ((listing.folder.inside(entry), level + 1) for entry in taken if entry.is_folder)

    def lines(self, folder: str, indent: str = "") -> Iterator[str]:
        for entry in self._shown.get(folder, ()):
            if entry.is_folder:
                yield f"{indent}{printable(entry.name)}/{self._beside(entry.path)}"
                yield from self.lines(entry.path, indent + "  ")
            else:
                leads = f" -> {printable(entry.target or '?')}" if entry.is_link else ""
                yield f"{indent}{printable(entry.name)}{leads}"
        if self._shown.get(folder) and folder in self._notes:
            yield f"{indent}{self._notes[folder]}"

    def _beside(self, folder: str) -> str:
        note = self._notes.get(folder, "")
        return f" {note}" if note and not self._shown.get(folder) else ""


def _counted(listing: Listing) -> str:
    count = len(listing.entries)
    return f"({count:,}{'' if listing.complete else '+'} inside)" if count else ""
