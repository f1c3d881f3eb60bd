"""What git runs by itself because a file of the repository says so: such files stay as they are.

A commit needs the rest of `.git` writable. Repositories are looked for again before each command.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOST_FOLDERS = 1_000
"""Looked into for repositories, nearest first."""
PASSED_OVER = frozenset({"node_modules", ".venv", "venv", "__pycache__", "target", ".git"})
FIXED_FILES = ("config", "config.worktree", "info/attributes", "commondir", "gitdir")
"""The last two say where else git is to look for the others."""
PINNED = ("info", "modules", "worktrees")
"""Folders above those: where one could be moved away, another could be put in its place."""
MOST_POINTER_BYTES = 4_096


@dataclass(frozen=True)
class GitPlaces:
    writable: tuple[Path, ...] = ()
    """Git folders and what they are found by; made mount points, so that none can be replaced."""
    protected: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    """Files that are not there, and must not be after the command."""


def git_places(roots: Iterable[Path]) -> GitPlaces:
    """Of every repository below `roots`, and of the one that a root is a linked worktree of."""
    pointers, found = list[Path](), list[Path]()
    for root in roots:
        entries = [entry for entry in _entries(root) if not entry.is_symlink()]
        found += filter(Path.is_dir, entries)
        pointers += (entry for entry in entries if not entry.is_dir())
        found += _linked(root)
    inner = [folder for entry in found for folder in _below(entry / "modules")]
    folders = [*found, *filter(_is_git_folder, inner)]
    worktrees = [worktree for folder in folders for worktree in _children(folder / "worktrees")]
    pinned = [folder / name for folder in folders for name in PINNED]
    fixed = [folder / name for folder in (*folders, *worktrees) for name in FIXED_FILES]
    return GitPlaces(
        writable=(*found, *inner, *worktrees, *filter(is_there, pinned)),
        protected=(*pointers, *(folder / "hooks" for folder in folders), *filter(is_there, fixed)),
        absent=tuple(path for path in fixed if not is_there(path)),
    )


def is_there(path: Path) -> bool:
    """Like `exists`; False also for what this process may not look at, and a command neither."""
    return os.access(path, os.F_OK)


def _entries(root: Path) -> Iterator[Path]:
    """What is called `.git` below a folder, nearest first."""
    waiting = deque([root])
    for _ in range(MOST_FOLDERS):
        if not waiting:
            return
        folder = waiting.popleft()
        if is_there(entry := folder / ".git"):
            yield entry
        waiting.extend(child for child in _children(folder) if child.name not in PASSED_OVER)


def _children(folder: Path) -> list[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def _below(folder: Path) -> Iterator[Path]:
    """The git folders of submodules, and those on the way: a submodule's name may hold slashes."""
    for child in _children(folder):
        yield child
        yield from _below(child / "modules" if _is_git_folder(child) else child)


def _is_git_folder(folder: Path) -> bool:
    return is_there(folder / "HEAD")


def _linked(root: Path) -> Iterator[Path]:
    """The git folder outside that `root` is a linked worktree of, if that one says so too.

    What a file in the workspace says alone is not believed: a command may have written it.
    """
    pointer = _said(root / ".git")
    own = (root / pointer.removeprefix("gitdir: ")).resolve()
    says_so = pointer.startswith("gitdir: ") and _said(own / "gitdir") == str(root / ".git")
    if says_so and own.parent.name == "worktrees" and not own.is_relative_to(root):
        yield own.parent.parent


def _said(file: Path) -> str:
    """The one line of a small file; empty when it is none."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_POINTER_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return ""
