"""Opening what lies below a folder, and nothing else, whatever is swapped while it happens.

    root ── openat2(BENEATH, NO_SYMLINKS, NO_MAGICLINKS) ──▶ the folder, held ──▶ a name in it   Linux
         └─ openat(part, O_NOFOLLOW) for each part ────────▶                                     elsewhere

Names are real paths, relative to the root: no part of them may be a link, nor `..`. A folder that is held
stays the one it is; what is opened, made or replaced in it is there, even if its path leads elsewhere by
then. Only where a system holds no folders (Windows) are they found by their path again. Imports little,
because the scanner's process (`tool/scan.py`) starts with it.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO, Protocol

from core.linux_files import by_openat2, file_system
from core.records import dataclass

CLOSED = getattr(os, "O_CLOEXEC", 0)
FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | CLOSED
READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED | getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""A pipe must not block, and a link that took the place of a file must not be followed."""

MOST_PATH_BYTES = 3_800
"""The system's own 4,096, with room for a name."""

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


UNFINISHED = ".roost-"
"""Begins the name of a file that is written to take the place of another; 12 hexadecimal digits follow."""
LEFT_OVER_SECONDS = 3_600
"""So old is no such file that somebody still writes."""


class NotRegular(OSError):
    """Something that is no regular file; `kind` is the type of `stat.S_IFMT`."""

    def __init__(self, kind: int) -> None:
        super().__init__(f"it is {KINDS.get(kind, 'no file')}")
        self.kind = kind


class Way(Protocol):
    def __call__(self, start: int, name: str) -> int:
        """A descriptor of the folder `name` below the one that `start` is of. Raises OSError at any link."""
        ...


@dataclass(frozen=True)
class Held:
    """A folder in which names are looked up, and no further."""

    path: str
    descriptor: int | None
    """None where the system holds no folders."""

    def read(self, name: str) -> BinaryIO:
        """A regular file, for reading. Raises OSError."""
        place, folder = self._at(name)
        _require_regular(self.status(name))  # before it is opened: opening a device can be an act
        descriptor = os.open(place, READ | NO_LINK | CLOSED, dir_fd=folder)
        try:
            _require_regular(os.fstat(descriptor))
            return os.fdopen(descriptor, "rb")
        except OSError:
            os.close(descriptor)
            raise

    def create(self, name: str, mode: int = 0o666) -> BinaryIO:
        """A new file, for writing. Raises OSError, FileExistsError where there is anything of that name."""
        place, folder = self._at(name)
        return os.fdopen(os.open(place, NEW | NO_LINK, mode, dir_fd=folder), "wb")

    def replace(self, name: str, content: bytes, mode: int = 0o666) -> None:
        """Put a file with `content` in the place of whatever has the name; with its rights, or of `mode`.

        A link of that name is replaced and not followed; so is a file that has other names too, which go on
        naming the old one. Raises OSError; then nothing has changed.
        """
        unfinished = f"{UNFINISHED}{os.urandom(6).hex()}"
        (old, folder), (new, _) = self._at(name), self._at(unfinished)
        try:
            with self.create(unfinished, mode) as file:
                self._keep_rights(name, file.fileno())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, old, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with suppress(OSError):
                os.unlink(new, dir_fd=folder)

    def clear(self, *, before: float) -> None:
        """Remove what killed processes left of `replace`, if last written `before`. Raises OSError."""
        with self.scan() as entries:
            left = [entry.name for entry in entries if _is_unfinished(entry.name)]
        for name in left:
            with suppress(OSError):  # somebody else was faster
                if self.status(name).st_mtime < before:
                    self.remove(name)

    def remove(self, name: str) -> None:
        """Take a file or a link away. Raises OSError."""
        place, folder = self._at(name)
        os.unlink(place, dir_fd=folder)

    def close_to_others(self) -> None:
        """Leave the folder to its owner alone. Raises OSError."""
        if self.descriptor is not None:
            os.chmod(".", 0o700, dir_fd=self.descriptor)

    def status(self, name: str) -> os.stat_result:
        """Of a name itself, link or not. Raises OSError."""
        place, folder = self._at(name)
        return os.stat(place, dir_fd=folder, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Whether there is anything of that name. Raises OSError."""
        with suppress(FileNotFoundError):
            return bool(self.status(name))
        return False

    def target(self, name: str) -> str:
        """Where a link leads. Raises OSError."""
        place, folder = self._at(name)
        return os.readlink(place, dir_fd=folder)

    @contextmanager
    def scan(self) -> "Iterator[Iterator[os.DirEntry[str]]]":
        """What is in it. Raises OSError."""
        if self.descriptor is None:
            with os.scandir(self.path) as entries:
                yield entries
            return
        descriptor = os.open(".", os.O_RDONLY | CLOSED, dir_fd=self.descriptor)
        try:
            with os.scandir(descriptor) as entries:
                yield entries
        finally:
            os.close(descriptor)

    def _at(self, name: str) -> tuple[str, int | None]:
        """`name` as the system's calls take it. Raises OSError when it is none, or more than one."""
        if name in ("", ".", ".."):
            raise NotRegular(stat.S_IFDIR)
        if "/" in name:
            raise OSError(errno.EINVAL, "it is no single name", name)
        return (name, self.descriptor) if self.descriptor is not None else (f"{self.path}/{name}", None)

    def _keep_rights(self, name: str, descriptor: int) -> None:
        """Without those to run as somebody else: they were given to what the file held before."""
        with suppress(FileNotFoundError):
            status = self.status(name)
            if stat.S_ISREG(status.st_mode) and hasattr(os, "fchmod"):
                os.fchmod(descriptor, status.st_mode & 0o777)


@contextmanager
def hold(
    root: "str | os.PathLike[str]", name: str = ".", *, make: bool = False, way: Way | None = None
) -> Iterator[Held]:
    """Hold the folder `name` below `root` for as long as the block lasts.

    Args:
        root: Where looking starts; links in this path itself are followed.
        name: A real path relative to it.
        make: Whether to make the folders that are missing.
        way: How to get there; by default the best that the system has.

    Raises:
        OSError: there is no such folder, a part of its name is a link, or it is the kernel's own.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or name.startswith("/"):
        raise OSError(errno.EINVAL, "it is no name below a folder", name)
    path = "/".join([os.fspath(root).rstrip("/"), *parts]) or "/"
    if len(os.fsencode(path)) > MOST_PATH_BYTES:  # made one by one they could not be removed again
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), name)
    way = way or best_way()
    if way is by_path:
        _require_straight(os.fspath(root), parts, make=make)
        yield Held(path, None)
        return
    descriptor = _descriptor(os.fspath(root), parts, way, make=make)
    try:
        if kernels := file_system(descriptor):
            raise OSError(errno.EPERM, f"it belongs to {kernels}, which is the kernel's own", name)
        yield Held(path, descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def opened_below(root: "str | os.PathLike[str]", name: str, *, way: Way | None = None) -> Iterator[BinaryIO]:
    """The regular file `name` below `root`, for reading. Raises OSError, as `hold` does."""
    folder, _, last = name.rpartition("/")
    with hold(root, folder, way=way) as held, held.read(last) as file:
        yield file


def by_walking(start: int, name: str) -> int:
    """Folder by folder, each opened in the one before."""
    held = os.dup(start)
    for part in name.split("/"):
        try:
            inner = os.open(part, FOLDER | NO_LINK, dir_fd=held)
        finally:
            os.close(held)
        held = inner
    return held


def by_path(start: int, name: str) -> int:
    """Stands for no way: folders are not held, but looked at and found by their path again."""
    raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), name)


@cache
def best_way() -> Way:
    return way_of(sys.platform, by_openat2)


def way_of(platform: str, one_call: Way) -> Way:
    """`one_call` where it works: older kernels do not know it, and some containers forbid it."""
    if platform == "win32":
        return by_path
    if platform != "linux":
        return by_walking
    start = os.open("/", FOLDER)
    try:
        os.close(one_call(start, "."))
    except OSError:
        return by_walking
    finally:
        os.close(start)
    return one_call


def _descriptor(root: str, parts: list[str], way: Way, *, make: bool) -> int:
    start = os.open(root, FOLDER)
    try:
        return _made(start, parts, way) if make else way(start, "/".join(parts) or ".")
    finally:
        os.close(start)


def _made(start: int, parts: list[str], way: Way) -> int:
    held = way(start, ".")
    for part in parts:
        try:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=held)
            inner = way(held, part)
        finally:
            os.close(held)
        held = inner
    return held


def _require_straight(root: str, parts: list[str], *, make: bool) -> None:
    """Raises OSError when a part is a link, or no folder. What is swapped afterwards is not seen."""
    path = root
    for part in parts:
        path = f"{path}/{part}"
        if make:
            with suppress(FileExistsError):
                Path(path).mkdir()
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


def _is_unfinished(name: str) -> bool:
    digits = name.removeprefix(UNFINISHED)
    return digits != name and len(digits) == 12 and not set(digits) - set("0123456789abcdef")


def _require_regular(status: os.stat_result) -> None:
    if (kind := stat.S_IFMT(status.st_mode)) != stat.S_IFREG:
        raise NotRegular(kind)
