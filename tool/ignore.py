"""Which files of a folder are worth seeing: what git would ignore is left out.

The rules are those of `.gitignore` files from the repository's top (or, outside of one,
from the workspace's root) down to the file: the deepest file and its last line decide.
git itself is not asked: a repository's own settings can make it run programs.
"""

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path

from core.errors import ToolError
from core.protocols import ToolServices
from core.text import quoted
from tool.files import missing
from tool.globs import glob_regex
from tool.opening import open_regular

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


@dataclass(frozen=True)
class Folder:
    """A folder with the rules that hold in it."""

    path: str
    rules: tuple[IgnoreFile, ...] = ()
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Real paths that are left out, whatever the rules say."""

    @classmethod
    def at(cls, path: Path, root: Path, hidden: Path) -> "Folder":
        """`path` below the workspace's `root`; if it is ignored itself, nothing below it is."""
        top = next((each for each in (path, *path.parents) if os.access(each / ".git", os.F_OK)), root)
        way = [each for each in reversed([path, *path.parents]) if each.is_relative_to(top)]
        rules: tuple[IgnoreFile, ...] = ()
        for outer, inner in pairwise(way):
            rules += _rules_in(os.fspath(outer))
            if _hidden_by(rules, os.fspath(inner), is_folder=True):
                return cls(os.fspath(path))
        is_hidden = path.is_relative_to(hidden)
        return cls(os.fspath(path), rules, frozenset() if is_hidden else frozenset([os.fspath(hidden)]))

    def listing(self, most: int = MOST_ENTRIES) -> "Listing":
        """What is to be seen here, by name. Raises OSError."""
        with os.scandir(self.path) as entries:
            found = [_entry(entry) for entry in islice(entries, most + 1)]
        names = {entry.name for entry in found}
        rules = () if ".git" in names else self.rules
        if names & {".git", ".gitignore"}:
            rules += _rules_in(self.path)
        seen = [entry for entry in found[:most] if not self._hides(entry, rules)]
        seen.sort(key=lambda entry: os.fsencode(entry.name))
        return Listing(seen, Folder(self.path, rules, self.hidden), complete=len(found) <= most)

    def inside(self, entry: Entry) -> "Folder":
        return Folder(entry.path, self.rules, self.hidden)

    def _hides(self, entry: Entry, rules: Sequence[IgnoreFile]) -> bool:
        if entry.name == ".git" or entry.path in self.hidden:
            return True
        return _hidden_by(rules, entry.path, is_folder=entry.is_folder)


def folder_of(services: ToolServices, asked: str) -> Folder:
    """The folder at `asked`. Raises ToolError when there is none."""
    path = services.workspace.resolve(asked)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing(services.workspace, asked, path) from error
    except OSError as error:
        raise ToolError(
            f"{quoted(asked)} cannot be read: {error.strerror}.", hint="Use another path."
        ) from error
    if not is_folder:
        raise ToolError(f"{quoted(asked)} is no folder.", hint="read_file shows a file.")
    return Folder.at(path, services.workspace.real_root, services.artifacts.resolve())


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


def _entry(entry: os.DirEntry[str]) -> Entry:
    is_link = entry.is_symlink()
    return Entry(entry.path, entry.name, not is_link and entry.is_dir(follow_symlinks=False), is_link)


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


def _rules_in(folder: str) -> tuple[IgnoreFile, ...]:
    """The rules that a folder brings: a repository's own exclude file, then its .gitignore."""
    texts = (_text(f"{folder}/.git/info/exclude"), _text(f"{folder}/.gitignore"))
    found = (IgnoreFile(folder.rstrip("/"), patterns) for text in texts if (patterns := patterns_of(text)))
    return tuple(found)


def _text(file: str) -> str:
    """The beginning of a regular file, or nothing."""
    with suppress(OSError), open_regular(file) as opened:
        return opened.read(MOST_RULE_BYTES).decode("utf-8", "surrogateescape")
    return ""
