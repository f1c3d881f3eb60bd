"""Names that a command may not change, looked at before and after, and put back.

For what a back-end has no wall for: what has to stay absent, links, and every protected name under Landlock.
A process of an earlier command may still be at work in the same folders: nothing here follows a link.
"""

import os
import stat
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from core.beneath import Held, hold
from core.errors import ToolError
from core.records import dataclass
from core.sandbox import CommandResult
from core.values import value

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix/store")
"""Folders of the system that a command sees as they are, whatever holds it."""
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
        """Remember what is at `paths`, and all below those that are folders.

        Args:
            paths: what a command may not change; each lies below one of `bases`.
            bases: the folders that a command can write to.
            left_out: a folder below them that the agent itself writes to meanwhile.
        """
        guard = Guard(tuple(dict.fromkeys(paths)), tuple(bases), left_out, {})
        return Guard(guard.paths, guard.bases, left_out, guard._snapshot())

    def restore(self) -> tuple[Path, ...]:
        """Put back what is not as it was; answers the outermost names of it.

        Raises:
            ToolError: something could not be put back.
        """
        for path in self.paths:
            self._clear_way(path)
        after = self._snapshot()
        changed = {path for path in {*self.before, *after} if self.before.get(path) != after.get(path)}
        replaced = {path for path in changed if not _both_folders(self.before.get(path), after.get(path))}
        try:
            for path in sorted(replaced & {*after}):
                self._remove(path)
            for path in sorted(self.before):
                if path in replaced or not replaced.isdisjoint(path.parents):
                    self._put_back(path, self.before[path])
                if path in changed and stat.S_ISDIR(self.before[path].mode):
                    self._give_rights(path)
        except OSError as error:
            raise ToolError(
                f"The command changed {str(path)!r}, which could not be put back: {error}.",
                hint="Tell the user to look at it before git or Roost is used there.",
            ) from error
        return tuple(sorted(path for path in changed if changed.isdisjoint(path.parents)))

    @contextmanager
    def _folder_of(self, path: Path, *, make: bool = False) -> Iterator[Held]:
        base = next(base for base in self.bases if path.is_relative_to(base))
        with hold(base, path.parent.relative_to(base).as_posix(), make=make) as held:
            yield held

    def _clear_way(self, path: Path) -> None:
        """Take away what was put in the place of a folder above."""
        for parent in reversed(path.parents):
            if any(parent != base and parent.is_relative_to(base) for base in self.bases):
                with suppress(OSError), self._folder_of(parent) as held:
                    if not stat.S_ISDIR(held.status(parent.name).st_mode):
                        os.unlink(parent.name, dir_fd=held.descriptor)

    def _snapshot(self) -> dict[Path, Kept]:
        found: dict[Path, Kept] = {}
        waiting = list(self.paths)
        for path in waiting:
            if path == self.left_out:
                continue
            with suppress(OSError), self._folder_of(path) as held:
                found[path] = kept = _kept(held, path.name)
                if stat.S_ISDIR(kept.mode):
                    waiting += self._inside(path)
        return found

    def _inside(self, path: Path) -> list[Path]:
        with self._folder_of(path / "any") as held, held.scan() as entries:
            return [path / entry.name for entry in entries]

    def _remove(self, path: Path) -> None:
        """Whatever it is; nothing when it went with the folder it was in."""
        with suppress(FileNotFoundError), self._folder_of(path) as held:
            if stat.S_ISDIR(held.status(path.name).st_mode):
                from shutil import rmtree  # seldom needed, and loads what unpacks archives

                rmtree(path.name, dir_fd=held.descriptor)
            else:
                os.unlink(path.name, dir_fd=held.descriptor)

    def _put_back(self, path: Path, kept: Kept) -> None:
        with self._folder_of(path, make=True) as held:
            if stat.S_ISDIR(kept.mode):
                os.mkdir(path.name, dir_fd=held.descriptor)
            elif stat.S_ISLNK(kept.mode):
                os.symlink(os.fsdecode(kept.content or b""), path.name, dir_fd=held.descriptor)
            elif kept.content is not None:
                with held.create(path.name) as file:
                    file.write(kept.content)
                    file.flush()
                    os.fchmod(file.fileno(), stat.S_IMODE(kept.mode))
                    os.utime(file.fileno(), ns=(kept.changed_ns, kept.changed_ns))

    def _give_rights(self, path: Path) -> None:
        """To a folder; its owner need not have any to open it."""
        with self._folder_of(path / "any") as held:
            Path(f"/proc/self/fd/{held.descriptor}").chmod(stat.S_IMODE(self.before[path].mode))


def _both_folders(*kept: Kept | None) -> bool:
    return all(one is not None and stat.S_ISDIR(one.mode) for one in kept)


def _kept(held: Held, name: str) -> Kept:
    status = held.status(name)
    if stat.S_ISLNK(status.st_mode):
        return Kept(mode=status.st_mode, content=os.fsencode(held.target(name)))
    if not stat.S_ISREG(status.st_mode):
        return Kept(mode=status.st_mode)
    content = None
    if status.st_size <= MOST_BYTES:
        with held.read(name) as file:
            content = file.read(MOST_BYTES)
    return Kept(mode=status.st_mode, content=content, size=status.st_size, changed_ns=status.st_mtime_ns)


async def guarded(guard: Guard, running: Awaitable[CommandResult]) -> CommandResult:
    """What comes of a command that is `running`; what it changed is put back, whatever came of it."""
    try:
        result = await running
    finally:
        restored = guard.restore()
    return _noted(result, restored)


def _noted(result: CommandResult, restored: Sequence[Path]) -> CommandResult:
    if not restored:
        return result
    names = ", ".join(map(str, restored[:5]))
    said = f"Put back as it was, for commands may not change it: {names}."
    return replace(result, note=f"{result.note} {said}".lstrip())
