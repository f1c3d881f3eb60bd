"""Files put back: each at once or not at all, and nothing outside the workspace, whatever was put in the way.

removed, the deepest first ─► made or replaced, folders before what is in them
"""

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.beneath import Held, hold
from core.checkpoints import Restored
from core.file_states import FileState, PathChange, is_same, name_written

Content = Callable[[FileState], bytes | None]
States = Callable[[Sequence[str]], Sequence[FileState | None]]

UNFINISHED = ".roost-undo-{digest}"
"""The same name for the same content, so that what a killed process leaves is cleared away by the next."""


class Kept(Exception):
    """Why a path was left as it is."""


@dataclass(frozen=True)
class Restorer:
    root: Path
    states: States
    content: Content

    def restore(self, changes: Sequence[PathChange]) -> Restored:
        done: list[PathChange] = []
        kept: list[str] = []
        deepest_first = sorted(changes, key=lambda change: (-change.path.count("/"), change.path))
        goes = [change for change in deepest_first if change.after is None]
        comes = [change for change in reversed(deepest_first) if change.after is not None]
        for change in (*goes, *comes):
            try:
                self._restore(change)
            except Kept as reason:
                kept.append(f"{change.path}: {reason}")
            except OSError as error:
                kept.append(f"{change.path}: {error.strerror or error}")
            else:
                done.append(change)
        return Restored(done=tuple(sorted(done, key=lambda change: change.path)), kept=tuple(sorted(kept)))

    def _restore(self, change: PathChange) -> None:
        """Raises Kept or OSError."""
        (now,) = self.states([change.path])
        if is_same(now, change.after):
            return
        if now != change.before:
            raise Kept("it changed meanwhile")
        content = self._needed(change.after)
        folder, _, name = name_written(change.path).rpartition("/")
        with hold(self.root, folder, make=change.after is not None) as held:
            if now and _is_in_the_way(now, change.after):
                _remove(held, name, now)
            if change.after:
                _make(held, name, change.after, content)

    def _needed(self, state: FileState | None) -> bytes:
        if state is None or state.kind == "folder":
            return b""
        content = self.content(state)
        if content is None:
            raise Kept("its content was not kept, or not for so long")
        return content


def _is_in_the_way(now: FileState, after: FileState | None) -> bool:
    """A file or a link is replaced by another in one step; a folder can be neither."""
    return after is None or (now.kind == "folder") != (after.kind == "folder")


def _remove(held: Held, name: str, now: FileState) -> None:
    place, folder = _at(held, name)
    if now.kind != "folder":
        os.unlink(place, dir_fd=folder)
        return
    try:
        os.rmdir(place, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise Kept("there is something else in it") from error
        raise


def _make(held: Held, name: str, state: FileState, content: bytes) -> None:
    place, folder = _at(held, name)
    if state.kind == "folder":
        with suppress(FileExistsError):
            os.mkdir(place, dir_fd=folder)
        _set_rights(held, name, state.mode)
        return
    unfinished, _ = _at(held, UNFINISHED.format(digest=state.digest[:16]))
    with suppress(FileNotFoundError):
        os.unlink(unfinished, dir_fd=folder)
    try:
        if state.kind == "link":
            os.symlink(os.fsdecode(content), unfinished, dir_fd=folder)
        else:
            _write(held, UNFINISHED.format(digest=state.digest[:16]), content, state.mode)
        os.replace(unfinished, place, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(OSError):
            os.unlink(unfinished, dir_fd=folder)


def _write(held: Held, name: str, content: bytes, mode: int) -> None:
    with held.create(name) as file:
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _set_rights(held: Held, name: str, mode: int) -> None:
    """Of a folder itself, be it one that may not be read; a link in its place is not followed."""
    if not hasattr(os, "fchmod"):
        return
    place, folder = _at(held, name)
    flags = os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        descriptor = os.open(place, os.O_RDONLY | flags, dir_fd=folder)
    except PermissionError:
        descriptor = os.open(place, getattr(os, "O_PATH", os.O_RDONLY) | flags, dir_fd=folder)
    try:
        os.fchmod(descriptor, mode)
    except OSError:  # Linux refuses it for what was opened without being read
        Path(f"/proc/self/fd/{descriptor}").chmod(mode)
    finally:
        os.close(descriptor)


def _at(held: Held, name: str) -> tuple[str, int | None]:
    """`name` as the system's calls take it, where folders can be held and where they cannot."""
    return (f"{held.path}/{name}", None) if held.descriptor is None else (name, held.descriptor)
