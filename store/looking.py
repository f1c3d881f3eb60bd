"""A look at the workspace: what is at every path that undo looks after, with contents kept as they are found.

    look ─── a call runs ─── look
      └──── what differs is what the call changed ────┘

The first look of a session reads every file; later ones read what has another time, size or inode since.
"""

import errno
import os
import stat
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from core.beneath import Held, NotRegular, hold
from core.checkpoints import Cover
from core.file_states import FileState, Kind
from store.git_objects import GitObjects, blob_name
from store.objects import Objects, digest_of

MOST_FILES = 20_000
MOST_BYTES = 200_000_000
SMALL_BYTES = 1_000_000
"""Larger files come after all others, the smallest of them first."""
MOST_NAMES = 100_000
"""Of one folder; what lies beyond is not looked at."""
FINE_NANOSECONDS, COARSE_NANOSECONDS = 20_000_000, 2_000_000_000
"""How far apart changes with different times are, where parts of seconds are known and where not."""
CLOCK_REALTIME_COARSE = 5
"""Of Linux, by which it says when a file was changed."""
TOO_LARGE = f"it is beyond the {MOST_BYTES // 1_000_000} MB that are kept of a workspace"
TOO_MANY = f"everything that lies deeper than the first {MOST_FILES:,} files"


@dataclass(frozen=True)
class Seen:
    state: FileState
    signature: tuple[int, ...]
    """Time of change, of the inode's change, inode, size and mode."""
    settled: bool = True
    """False: it changed so shortly before it was looked at that the next change may bear the same time."""
    blob: str = ""
    """What git calls it, if git alone has its content."""


@dataclass
class Look:
    files: dict[str, Seen] = field(default_factory=dict)
    """By path. Links and folders too."""
    folders: dict[str, frozenset[str]] = field(default_factory=dict)
    """All names of each folder that was looked into, whether they are looked after or not; "" is the root."""
    missing: set[str] = field(default_factory=set)
    """Paths that were looked for, and are not there."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Paths whose content is not kept, and why."""

    def was_missing(self, path: str) -> bool:
        """Whether there was certainly nothing: its folder was looked into, or was itself missing."""
        if path in self.missing:
            return True
        folder, _, name = path.rpartition("/")
        if folder in self.folders:
            return name not in self.folders[folder]
        if folder in self.files:
            return self.files[folder].state.kind != "folder"
        return bool(folder) and self.was_missing(folder)


def differences(before: Look, after: Look) -> Iterator[tuple[str, Seen | None, Seen | None]]:
    """The paths that are not the same in both, in their order."""
    for path in sorted(before.files.keys() | after.files.keys()):
        old, new = before.files.get(path), after.files.get(path)
        if old is new or (old is None and not before.was_missing(path)):
            continue  # it came into view, which does not mean that it was made
        if old is None or new is None or not _same(old, new):
            yield path, old, new


def _same(old: Seen, new: Seen) -> bool:
    if old.state.is_known and new.state.is_known:
        return old.state == new.state
    return old.signature == new.signature


@dataclass
class Looker:
    root: Path
    """The workspace's real path."""
    cover: Callable[[], Cover]
    objects: Objects
    git: GitObjects
    most_files: int = MOST_FILES
    most_bytes: int = MOST_BYTES
    _room: int = field(default=0, init=False)

    def look(self, earlier: Look | None = None) -> Look:
        earlier = earlier or Look()
        self._room = self.most_bytes
        seen = Look()
        large: list[tuple[int, str, os.stat_result]] = []
        for held, folder, found in self._walk(seen):
            for name, status in found:
                path = f"{folder}/{name}" if folder else name
                if stat.S_ISREG(status.st_mode) and status.st_size > SMALL_BYTES:
                    large.append((status.st_size, path, status))
                else:
                    self._see(seen, held, path, status, earlier)
        for path in self._out_of_sight(earlier, seen, large):
            try:
                with hold(self.root, _folder_of(path)) as held:
                    self._see(seen, held, path, held.status(_name_of(path)), earlier)
            except PermissionError:
                seen.files[path] = earlier.files[path]  # nobody can say that it has changed
            except OSError:
                pass  # it is gone
        for _, path, status in sorted(large):
            with suppress(OSError), hold(self.root, _folder_of(path)) as held:
                self._see(seen, held, path, status, earlier)
        return seen

    def see(self, paths: Iterable[str]) -> Look:
        """What is at these paths alone."""
        look = Look()
        self._room = self.most_bytes
        for path in paths:
            with suppress(OSError), hold(self.root, _folder_of(path)) as held:
                self._see(look, held, path, held.status(_name_of(path)), Look())
            if path not in look.files:
                look.missing.add(path)
        return look

    def keep_from_git(self, seen: Seen) -> bool:
        """Keep what git alone has: it may throw it away. False when it has done so already."""
        if not seen.blob or self.objects.has(seen.state.digest):
            return True
        content = self.git.read(bytes.fromhex(seen.blob))
        with suppress(OSError):
            return content is not None and self.objects.put(content) == seen.state.digest
        return False

    def _walk(self, look: Look) -> Iterator[tuple[Held, str, list[tuple[str, os.stat_result]]]]:
        """Folder by folder, those that are not so deep first, with what is looked after in each."""
        waiting = deque([("", self.cover())])
        count = 0
        while waiting:
            if count >= self.most_files:
                look.left_out[""] = TOO_MANY
                return
            folder, rules = waiting.popleft()
            try:
                with hold(self.root, folder or ".") as held:
                    with held.scan() as entries:
                        listed = list(islice(entries, MOST_NAMES))
                        inside = [entry.name for entry in listed if entry.is_dir(follow_symlinks=False)]
                        names = frozenset(entry.name for entry in listed)
                        covered, rules = rules.covered(held, inside, list(names.difference(inside)))
                        if len(covered) > self.most_files - count:
                            look.left_out[""] = TOO_MANY
                            covered = frozenset(sorted(covered)[: self.most_files - count])
                        found = list(_statuses(entry for entry in listed if entry.name in covered))
                    if len(listed) < MOST_NAMES:
                        look.folders[folder] = names
                    count += len(found)
                    yield held, folder, found
            except OSError as error:
                look.left_out[folder or "."] = f"it cannot be read ({error.strerror})"
                continue
            below = sorted(covered.intersection(inside))
            waiting += [(f"{folder}/{name}" if folder else name, rules.below(name)) for name in below]

    def _see(self, look: Look, held: Held, path: str, status: os.stat_result, earlier: Look) -> None:
        signature = (
            *(status.st_mtime_ns, status.st_ctime_ns, status.st_ino),
            *(status.st_size, status.st_mode),
        )
        before = earlier.files.get(path)
        if before and before.settled and before.signature == signature and before.state.is_known:
            self._room -= before.state.size
            look.files[path] = before
            return
        try:
            state, blob = self._kept(held, _name_of(path), status)
        except (NotRegular, FileNotFoundError):
            return  # a pipe, a socket or a device; or it went meanwhile
        except OSError as error:
            kind: Kind = "link" if stat.S_ISLNK(status.st_mode) else "file"
            state, blob = FileState(kind=kind, mode=_rights(status), size=status.st_size), ""
            look.left_out[path] = str(error.strerror)
        look.files[path] = Seen(state, signature, _is_settled(status), blob)

    def _kept(self, held: Held, name: str, status: os.stat_result) -> tuple[FileState, str]:
        """The state of what is there, its content kept, and what git calls it if git alone has that."""
        if stat.S_ISDIR(status.st_mode):
            return FileState(kind="folder", mode=_rights(status)), ""
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(held.target(name))
            return FileState(kind="link", size=len(target), digest=self.objects.put(target)), ""
        if status.st_size > self._room:
            raise OSError(errno.EFBIG, TOO_LARGE)
        with held.read(name) as file:
            rights = _rights(os.fstat(file.fileno()))
            size, digest, blob = self._large(file) if status.st_size > SMALL_BYTES else self._small(file)
        self._room -= size
        return FileState(kind="file", mode=rights, size=size, digest=digest), blob

    def _small(self, file: BinaryIO) -> tuple[int, str, str]:
        content = file.read()
        name = blob_name(content)
        if self.git.has(name):
            return len(content), sha256(content).hexdigest(), name.hex()
        return len(content), self.objects.put(content), ""

    def _large(self, file: BinaryIO) -> tuple[int, str, str]:
        digest = digest_of(file)
        size = file.tell()
        file.seek(0)
        if not self.objects.has(digest):
            digest = self.objects.put_file(file)
        return size, digest, ""

    def _out_of_sight(self, earlier: Look, seen: Look, large: Iterable[tuple[int, str, object]]) -> list[str]:
        """Paths that were looked after and may still be there, although no folder showed them."""
        found = seen.files.keys() | {path for _, path, _ in large}
        gone = set[str]()
        hidden = list[str]()
        for path in sorted(earlier.files.keys() - found):
            folder = _folder_of(path)
            if folder in gone or _name_of(path) not in seen.folders.get(folder, (_name_of(path),)):
                gone.add(path)
            else:
                hidden.append(path)
        return hidden


def _statuses(entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, os.stat_result]]:
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # it has gone since it was listed
            continue
        yield entry.name, status


def _is_settled(status: os.stat_result) -> bool:
    newest = max(status.st_mtime_ns, status.st_ctime_ns)
    coarse = newest % 1_000_000_000 == 0
    return newest + (COARSE_NANOSECONDS if coarse else FINE_NANOSECONDS) < _time_of_a_change()


def _time_of_a_change() -> int:
    """That a file would bear. On Linux it goes in ticks, of which a busy machine leaves some out."""
    return time.clock_gettime_ns(CLOCK_REALTIME_COARSE) if sys.platform == "linux" else time.time_ns()


def _rights(status: os.stat_result) -> int:
    """Without those to run as somebody else, which nothing here gives."""
    return status.st_mode & 0o777


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _name_of(path: str) -> str:
    return path.rpartition("/")[2]
