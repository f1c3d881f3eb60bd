"""What git runs by itself because a file of the repository says so: such files stay as they are.

A commit needs the rest of `.git` writable. The repositories of a session are those that are there before
its first command: one that a command makes is that command's own. Nothing below a link is ever named here,
for a command may have made the link.
"""

import os
import re
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from core.beneath import opened_below
from core.records import dataclass

MOST_FOLDERS = 1_000
"""Looked into for repositories, nearest first."""
PASSED_OVER = frozenset({"node_modules", ".venv", "venv", "__pycache__", "target", ".git"})
FIXED = ("hooks", "config", "config.worktree", "info/attributes", "commondir", "gitdir")
"""The last two say where else git is to look for the others."""
MADE = ("hooks", "info", "modules", "worktrees")
"""Folders that git makes when it needs them, and that must not become links to somewhere else before."""
MOST_BYTES = 65_536
NAMED = re.compile(r"^\s*(hookspath|path)\s*=\s*\"?(.*?)\"?\s*$", re.IGNORECASE | re.MULTILINE)
"""In settings: where hooks are instead, and what else is to be read as settings."""


@dataclass(frozen=True)
class GitPlaces:
    pinned: tuple[Path, ...] = ()
    """Folders made mount points, so that none can be moved away and another be put in its place."""
    protected: tuple[Path, ...] = ()
    watched: tuple[Path, ...] = ()
    """Names that no wall can hold: of what is not there, and of links. They stay so."""
    outside: tuple[Path, ...] = ()
    """Of those that are pinned: what lies in none of the folders that were asked about."""


@dataclass(frozen=True)
class Repositories:
    folders: tuple[Path, ...] = ()
    """Git folders, those of submodules too."""
    held: tuple[Path, ...] = ()
    """Other folders on the way to something fixed."""
    fixed: tuple[Path, ...] = ()
    """Every name that has to stay as it is."""
    outside: tuple[Path, ...] = ()

    def places(self) -> GitPlaces:
        """As they are now: a person may have changed them meanwhile."""
        kinds = {path: _kind(path) for path in self.fixed}
        return GitPlaces(
            pinned=tuple(path for path in (*self.folders, *self.held) if _kind(path) == stat.S_IFDIR),
            protected=tuple(path for path, kind in kinds.items() if kind in (stat.S_IFDIR, stat.S_IFREG)),
            watched=tuple(path for path, kind in kinds.items() if kind not in (stat.S_IFDIR, stat.S_IFREG)),
            outside=self.outside,
        )


@dataclass(frozen=True)
class KnownRepositories:
    """Those of one session, by the folders they are in."""

    _found: dict[tuple[Path, ...], Repositories] = field(default_factory=dict)

    def places(self, roots: tuple[Path, ...]) -> GitPlaces:
        if roots not in self._found:
            self._found[roots] = repositories(roots)
        return self._found[roots].places()


def repositories(roots: Iterable[Path]) -> Repositories:
    """Every repository below `roots`, and the one that a root is a linked worktree of."""
    roots = tuple(roots)
    folders, held, fixed, outside = list[Path](), list[Path](), list[Path](), list[Path]()
    for root in roots:
        entries = [entry for entry in _entries(root) if not entry.is_symlink()]
        found = [entry for entry in entries if entry.is_dir()]
        linked = list(_linked(root))
        inner = [folder for entry in (*found, *linked) for folder in _below(entry / "modules")]
        own = [*found, *linked, *filter(_is_git_folder, inner)]
        named = [path for folder in own for path in _named(folder, root)]
        fixed += [*(entry for entry in entries if entry not in found), *named]
        folders += own
        held += [*inner, *(above for path in (*entries, *named) for above in _between(root, path))]
        outside += linked
    for folder in folders:
        held += _made(folder)
    worktrees = [worktree for folder in folders for worktree in _children(folder / "worktrees")]
    fixed += [folder / name for folder in (*folders, *worktrees) for name in FIXED]
    ends = [end for path in fixed if path.name != ".git" for end in _ends(path, roots)]
    fixed += ends
    held += [above for end in ends for root in roots for above in _between(root, end)]
    return Repositories(
        folders=tuple(folders),
        held=tuple(dict.fromkeys((*held, *worktrees))),
        fixed=tuple(dict.fromkeys(fixed)),
        outside=tuple(outside),
    )


def _kind(path: Path) -> int:
    """Of the name itself, link or not; 0 for none, and for what this process may not look at."""
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except OSError:
        return 0


def _entries(root: Path) -> Iterator[Path]:
    """What is called `.git` below a folder, nearest first."""
    waiting = deque([root])
    for _ in range(MOST_FOLDERS):
        if not waiting:
            return
        folder = waiting.popleft()
        if _kind(entry := folder / ".git"):
            yield entry
        waiting.extend(child for child in _children(folder) if child.name not in PASSED_OVER)


def _children(folder: Path) -> list[Path]:
    """Its folders; none where it is a link itself."""
    if _kind(folder) != stat.S_IFDIR:
        return []
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def _below(folder: Path) -> Iterator[Path]:
    """The git folders of submodules, and those on the way: a submodule's name may hold slashes."""
    for child in _children(folder):
        yield child
        yield from _below(child / "modules" if _is_git_folder(child) else child)


def _is_git_folder(folder: Path) -> bool:
    return _kind(folder / "HEAD") != 0


def _made(folder: Path) -> Iterator[Path]:
    """The folders of a git folder that hold fixed names, or may; made now, so that they can be pinned."""
    for name in MADE:
        with suppress(OSError):
            (folder / name).mkdir()
        yield folder / name


def _between(root: Path, path: Path) -> Iterator[Path]:
    """The folders on the way from one to the other: who moves one of them away moves the path away."""
    yield from (folder for folder in path.parents if folder != root and folder.is_relative_to(root))


def _named(folder: Path, root: Path) -> Iterator[Path]:
    """What the settings of a git folder name below `root`: a folder of hooks, other settings."""
    for key, named in NAMED.findall(_said(folder / "config")):
        base = folder.parent if key.lower() == "hookspath" else folder
        path = Path(os.path.normpath(base / named))
        if path != root and path.is_relative_to(root) and _kind(path) and _real(path) == path:
            yield path


def _ends(path: Path, roots: Sequence[Path]) -> Iterator[Path]:
    """Where links lead that stand at a name, or in the folder there, if it is below one of `roots`."""
    links = [path]
    with suppress(OSError), os.scandir(path) as entries:
        links += [Path(entry.path) for entry in entries if entry.is_symlink()]
    for end in map(_real, links):
        is_above = any(other.is_relative_to(end) for other in (path, *roots))
        if not is_above and any(end.is_relative_to(root) for root in roots):
            yield end


def _real(path: Path) -> Path:
    """Unlike `resolve`, it takes links that lead in a circle."""
    return Path(os.path.realpath(path))


def _linked(root: Path) -> Iterator[Path]:
    """The git folder outside that `root` is a linked worktree of, if that one says so too.

    What a file in the workspace says alone is not believed: a command may have written it.
    """
    pointer = _said(root / ".git")
    own = _real(root / pointer.removeprefix("gitdir: "))
    says_so = pointer.startswith("gitdir: ") and _said(own / "gitdir") == str(root / ".git")
    if says_so and own.parent.name == "worktrees" and not own.is_relative_to(root):
        yield own.parent.parent


def _said(file: Path) -> str:
    """What a small file says; nothing when it is none. A pipe is not waited for."""
    try:
        real = _real(file)
        with opened_below(real.parent, real.name) as opened:
            return opened.read(MOST_BYTES).decode("utf-8", "replace").replace("\0", "").strip()
    except OSError:
        return ""
