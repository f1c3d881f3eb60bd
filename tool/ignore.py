"""Which files of a folder are worth seeing: what git would ignore is left out.

The rules are those of `.gitignore` files from the repository's top (or, outside of one,
from the workspace's root) down to the file: the deepest file and its last line decide.
git itself is not asked: a repository's own settings can make it run programs.
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path

from core.beneath import Held, hold
from core.errors import ToolError
from core.text import quoted
from core.tools import ToolServices
from core.workspace import Workspace
from tool.files import unreadable
from tool.globs import glob_regex

MOST_ENTRIES = 100_000
"""Of one folder, unless a caller wants fewer; what lies beyond is not looked at."""
MOST_RULE_BYTES = 1_000_000


@dataclass(frozen=True)
class Pattern:
    regex: re.Pattern[str]
    hides: bool
    """False for a line that begins with "!"."""
    folders_only: bool


@dataclass(frozen=True)
class IgnoreFile:
    """The patterns of one file, for paths below its folder."""

    folder: str
    patterns: tuple[Pattern, ...]

    @cached_property
    def _any(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern.regex.pattern})" for pattern in self.patterns), re.DOTALL)

    def hides(self, path: str, *, is_folder: bool) -> bool | None:
        """None when no line speaks of `path`."""
        below = path[len(self.folder) + 1 :]
        if self._any.fullmatch(below) is None:
            return None
        for pattern in reversed(self.patterns):
            if (is_folder or not pattern.folders_only) and pattern.regex.fullmatch(below):
                return pattern.hides
        return None


@dataclass(frozen=True)
class Entry:
    """Something in a folder."""

    path: str
    name: str
    is_folder: bool
    """False for a link, wherever it leads."""
    is_link: bool
    target: str = ""
    """Where a link leads."""


@dataclass(frozen=True)
class Folder:
    """A folder with the rules that hold in it."""

    path: str
    workspace: Workspace
    rules: tuple[IgnoreFile, ...] = ()
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Real paths that are left out, whatever the rules say."""

    @classmethod
    def at(cls, path: Path, workspace: Workspace, hidden: Path) -> "Folder":
        """The real `path` in the workspace; if it is ignored itself, nothing below it is."""
        root = workspace.real_root
        top = next((each for each in (path, *path.parents) if os.access(each / ".git", os.F_OK)), root)
        way = [each for each in reversed([path, *path.parents]) if each.is_relative_to(top)]
        rules: tuple[IgnoreFile, ...] = ()
        for outer, inner in pairwise(way):
            with suppress(OSError), hold(outer) as folder:
                rules += _rules_in(folder)
            if _hidden_by(rules, os.fspath(inner), is_folder=True):
                return cls(os.fspath(path), workspace)
        is_hidden = path.is_relative_to(hidden)
        artifacts = frozenset() if is_hidden else frozenset([os.fspath(hidden)])
        return cls(os.fspath(path), workspace, rules, artifacts)

    def listing(self, most: int = MOST_ENTRIES) -> "Listing":
        """What is to be seen here, by name. Raises OSError."""
        with self.workspace.hold(Path(self.path)) as folder:
            with folder.scan() as entries:
                found = [_entry(entry, folder) for entry in islice(entries, most + 1)]
            names = {entry.name for entry in found}
            rules = () if ".git" in names else self.rules
            if names & {".git", ".gitignore"}:
                rules += _rules_in(folder)
        seen = [each for each in found[:most] if not self._hides(each.path, rules, is_folder=each.is_folder)]
        seen.sort(key=lambda entry: os.fsencode(entry.name))
        return Listing(seen, replace(self, rules=rules), complete=len(found) <= most)

    def inside(self, entry: Entry) -> "Folder":
        return replace(self, path=entry.path)

    def covered(
        self, folder: Held, folders: Sequence[str], others: Sequence[str]
    ) -> tuple[frozenset[str], "Folder"]:
        """As `core.checkpoints.Cover`: what is to be seen is what undo looks after."""
        inside = set(folders)
        names = inside.union(others)
        rules = () if ".git" in names else self.rules
        if names & {".git", ".gitignore"}:
            rules += _rules_in(folder)
        seen = (
            name for name in names if not self._hides(f"{self.path}/{name}", rules, is_folder=name in inside)
        )
        return frozenset(seen), replace(self, rules=rules)

    def below(self, name: str) -> "Folder":
        return replace(self, path=f"{self.path}/{name}")

    def _hides(self, path: str, rules: Sequence[IgnoreFile], *, is_folder: bool) -> bool:
        if path.endswith("/.git") or path in self.hidden:
            return True
        return _hidden_by(rules, path, is_folder=is_folder)


def folder_of(services: ToolServices, asked: str) -> Folder:
    """The folder at `asked`. Raises ToolError when there is none."""
    workspace = services.workspace
    path = workspace.to_read(asked)
    try:
        with workspace.hold(path):
            pass
    except OSError as error:
        if isinstance(error, NotADirectoryError) and os.access(path, os.F_OK):
            raise ToolError(f"{quoted(asked)} is no folder.", hint="read_file shows a file.") from error
        raise unreadable(workspace, asked, path, error) from error
    return Folder.at(path, workspace, services.artifacts.resolve())


@dataclass(frozen=True)
class Listing:
    entries: Sequence[Entry]
    folder: Folder
    """The folder that was listed, with its own rules added."""
    complete: bool


@dataclass
class Walk:
    """Files below a folder, in the order of their paths, for as long as there is time and room."""

    start: Folder
    most_files: int = 200_000
    seconds: float = 20.0
    complete: bool = True
    """Whether the last walk saw everything."""

    def files(self) -> Iterator[str]:
        """Absolute paths; links are not followed, and folders that cannot be read are left out."""
        end = time.monotonic() + self.seconds
        waiting = [(Entry(self.start.path, "", is_folder=True, is_link=False), self.start)]
        count = 0
        while waiting:
            if count >= self.most_files or time.monotonic() > end:
                self.complete = False
                return
            entry, folder = waiting.pop()
            if entry.is_folder:
                waiting += self._below(folder.inside(entry))
            elif not entry.is_link:
                count += 1
                yield entry.path

    def _below(self, folder: Folder) -> list[tuple[Entry, Folder]]:
        try:
            listing = folder.listing()
        except OSError:
            return []
        self.complete &= listing.complete
        return [(entry, listing.folder) for entry in reversed(listing.entries)]


def _entry(entry: os.DirEntry[str], folder: Held) -> Entry:
    is_link, target = entry.is_symlink(), ""
    with suppress(OSError):
        target = folder.target(entry.name) if is_link else ""
    is_folder = not is_link and entry.is_dir(follow_symlinks=False)
    return Entry(f"{folder.path.rstrip('/')}/{entry.name}", entry.name, is_folder, is_link, target)


def patterns_of(text: str) -> tuple[Pattern, ...]:
    """The patterns in the text of a .gitignore file; a line that means nothing is left out."""
    return tuple(pattern for line in text.splitlines() if (pattern := _pattern(line)))


def _pattern(line: str) -> Pattern | None:
    line = re.sub(r"(?<!\\) +$", "", line)
    if not line or line.startswith("#"):
        return None
    hides = not line.startswith("!")
    line = line.removeprefix("!")
    folders_only = line.endswith("/")
    line = line.removesuffix("/")
    if not line:
        return None
    try:
        return Pattern(re.compile(glob_regex(line), re.DOTALL), hides, folders_only)
    except re.error:
        return None


def _hidden_by(rules: Sequence[IgnoreFile], path: str, *, is_folder: bool) -> bool:
    for ignore_file in reversed(rules):
        if (hides := ignore_file.hides(path, is_folder=is_folder)) is not None:
            return hides
    return False


def _rules_in(folder: Held) -> tuple[IgnoreFile, ...]:
    """The rules that a folder brings: a repository's own exclude file, then its .gitignore."""
    texts = [_text(folder, ".gitignore")]
    with suppress(OSError), hold(folder.path, ".git/info") as own:
        texts.insert(0, _text(own, "exclude"))
    place = folder.path.rstrip("/")
    return tuple(IgnoreFile(place, patterns) for text in texts if (patterns := patterns_of(text)))


def _text(folder: Held, name: str) -> str:
    """The beginning of a regular file, or nothing."""
    with suppress(OSError), folder.read(name) as opened:
        return opened.read(MOST_RULE_BYTES).decode("utf-8", "surrogateescape")
    return ""
