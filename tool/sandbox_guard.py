"""Files that a command may not change, looked at before and after, and put back.

For what a back-end has no wall for: a name that has to stay absent, and every protected name under Landlock.
"""

import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.values import value

MOST_BYTES = 1_000_000
"""Of one file; of a larger one size and time are compared, and it cannot be put back."""


@value
class Kept:
    """How a file, folder or link was."""

    mode: int
    content: bytes | None = None
    size: int = 0
    changed_ns: int = 0


@dataclass(frozen=True)
class Guard:
    paths: tuple[Path, ...]
    bases: tuple[Path, ...]
    left_out: Path | None
    before: Mapping[Path, Kept]

    @staticmethod
    def over(paths: Iterable[Path], bases: Iterable[Path], left_out: Path | None = None) -> "Guard":
        """Remember the files at `paths`, and all below those that are folders.

        Args:
            paths: what a command may not change.
            bases: the folders that a command can write to.
            left_out: a folder below them that the agent itself writes to meanwhile.
        """
        guarded = tuple(paths)
        return Guard(guarded, tuple(bases), left_out, _snapshot(guarded, left_out))

    def restore(self) -> tuple[Path, ...]:
        """Put back what is not as it was; answers the outermost names of it. Nothing may still be writing."""
        for path in self.paths:
            self._clear_way(path)
        after = _snapshot(self.paths, self.left_out)
        changed = {path for path in {*self.before, *after} if self.before.get(path) != after.get(path)}
        for path in sorted(changed):
            if path in after:
                _remove(path)
        for path in sorted(self.before):
            if not _exists(path):
                _put_back(path, self.before[path])
        return tuple(sorted(path for path in changed if changed.isdisjoint(path.parents)))

    def _clear_way(self, path: Path) -> None:
        """Take away what was put in the place of a folder above: a link would lead our own hand outside."""
        for parent in reversed(path.parents):
            is_below = any(parent != base and parent.is_relative_to(base) for base in self.bases)
            if is_below and (parent.is_symlink() or (parent.exists() and not parent.is_dir())):
                parent.unlink()


def _snapshot(roots: Iterable[Path], left_out: Path | None) -> dict[Path, Kept]:
    found: dict[Path, Kept] = {}
    waiting = list(roots)
    for path in waiting:
        if path == left_out:
            continue
        try:
            found[path] = _kept(path)
            if path.is_dir() and not path.is_symlink():
                waiting += path.iterdir()
        except OSError:
            continue
    return found


def _kept(path: Path) -> Kept:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Kept(mode=status.st_mode, content=str(path.readlink()).encode("utf-8", "surrogateescape"))
    if not stat.S_ISREG(status.st_mode):
        return Kept(mode=status.st_mode)
    content = path.read_bytes() if status.st_size <= MOST_BYTES else None
    return Kept(mode=status.st_mode, content=content, size=status.st_size, changed_ns=status.st_mtime_ns)


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif _exists(path):
        path.unlink()


def _put_back(path: Path, kept: Kept) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(kept.mode):
        path.symlink_to((kept.content or b"").decode("utf-8", "surrogateescape"))
        return
    if stat.S_ISDIR(kept.mode):
        path.mkdir(exist_ok=True)
    elif kept.content is not None:
        path.write_bytes(kept.content)
        os.utime(path, ns=(kept.changed_ns, kept.changed_ns))
    else:
        return
    path.chmod(stat.S_IMODE(kept.mode))
