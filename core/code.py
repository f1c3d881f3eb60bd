"""A project's code in chunks: what is found by meaning, and what a map of it is drawn from.

    files ── tool: walk, read, cut ──▶ FileChunks ── store: CodeIndex ──▶ hits, definitions

`tool` knows the files and their languages, `store` keeps what came of them and searches it.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from core.errors import StoreError

COMMENT = re.compile(r"\s*(?:#(?!include|define)|//|/\*|\*|--|@)")
"""How a line begins that belongs to the next one, in most languages."""


@dataclass(frozen=True)
class Chunk:
    """Some lines of a file that belong together."""

    first: int
    last: int
    text: str
    """The lines themselves; of a class, those that are of none of its methods."""
    name: str = ""
    """Of the definition it is, or is a part of: `Shop.open`. Empty for what stands between definitions."""
    heads: bool = False
    """Whether a definition begins with it."""

    @property
    def opening(self) -> tuple[int, str]:
        """The first line that is no comment and no decorator, with its number."""
        lines = self.text.split("\n")
        places = (place for place, line in enumerate(lines) if line.strip() and not COMMENT.match(line))
        place = next(places, 0)
        return self.first + place, lines[place].strip()


@dataclass(frozen=True)
class FileState:
    """What is kept of a file to see whether it changed."""

    stamp: str
    """Times, size and inode. Empty: the next change may bear the same ones."""
    digest: str
    """Of its content."""


@dataclass(frozen=True)
class FileChunks:
    path: str
    """Relative to the workspace, with forward slashes."""
    state: FileState
    chunks: Sequence[Chunk] = ()
    uses: Sequence[str] = ()
    """Names that stand in it, each once."""


@dataclass(frozen=True)
class Hit:
    path: str
    chunk: Chunk


@dataclass(frozen=True)
class Definition:
    path: str
    name: str
    number: int
    line: str
    """Its first line of code, which has that number."""


class CodeIndex(Protocol):
    """What is known of the files of one workspace. Used by one thread after another."""

    def turn(self) -> AbstractContextManager[object]:
        """Hold it for as long as it is used: others wait, also who closes it."""
        ...

    def begin_anew(self, error: "StoreError") -> bool:
        """Whether `error` says that the file is damaged: then all is forgotten, and can be put again."""
        ...

    def states(self) -> Mapping[str, FileState]:
        """Of every file that is in it, by path."""
        ...

    def put(self, files: Sequence[FileChunks]) -> None:
        """Take these in, in the place of what was known of them; all of them or none."""
        ...

    def restamp(self, states: Mapping[str, FileState]) -> None:
        """The content of these files is what it was, by another stamp."""
        ...

    def forget(self, paths: Sequence[str]) -> None: ...

    def search(self, words: str, *, below: str, most: int) -> Sequence[Hit]:
        """The chunks of files at or below a path that mean most like `words`, best first; "" is the root."""
        ...

    def definitions(self) -> Sequence[Definition]:
        """All of them, in the order of paths and lines."""
        ...

    def uses(self) -> Mapping[str, Sequence[str]]:
        """The names that stand in each file."""
        ...

    def close(self) -> None: ...
