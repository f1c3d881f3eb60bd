"""Reading what git has packed: files by their name, without git and without any of its settings.

Packs are held open, so that what was in them can be read even after a command has deleted the repository;
objects with a file of their own could not, and are passed over. Whoever asks knows the SHA-256 of what is to
come back, so nothing here is believed: a repository that lies, or is broken, is one that has no such file.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha1
from itertools import pairwise
from pathlib import Path

from core.beneath import opened_below

MOST_BYTES = 200_000_000
MOST_PACKS = 50
"""The largest; each takes two descriptors."""
MOST_BASES = 64
"""How many objects one may be written as the difference to; git itself stops at 50."""
MOST_SETTINGS_BYTES = 65_536
CHUNK = 65_536
BLOB, OFFSET_DELTA, NAMED_DELTA = 3, 6, 7
MARK, FANS, NAME_BYTES = b"\xfftOc\0\0\0\x02", 256, 20
READ_AT_ONCE = 200
"""Names of an index."""
NAMES = len(MARK) + 4 * FANS
"""Where the names begin in an index."""


def blob_name(content: bytes) -> bytes:
    """What git calls a file of these bytes."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).digest()


@dataclass
class GitObjects:
    """The packs of the repository that a folder lies in; none, if it lies in none."""

    folder: Path
    _packs: "Sequence[Pack] | None" = None

    def has(self, name: bytes) -> bool:
        return any(pack.offset(name) is not None for pack in self._opened())

    def read(self, name: bytes) -> bytes | None:
        """The bytes of a file, which may not be those that its name promises; None when it is not there."""
        for pack in self._opened():
            if (offset := pack.offset(name)) is not None:
                return pack.blob(offset)
        return None

    def close(self) -> None:
        """The next question opens them anew."""
        for pack in self._packs or ():
            pack.close()
        self._packs = None

    def _opened(self) -> "Sequence[Pack]":
        if self._packs is None:
            largest = sorted(_all_indexes(self.folder), key=_size, reverse=True)[:MOST_PACKS]
            self._packs = [pack for file in largest if (pack := Pack.at(file))]
        return self._packs


@dataclass(frozen=True)
class Part:
    """A file that is held open: what was in it stays readable when it is deleted."""

    descriptor: int

    def at(self, place: int, size: int) -> bytes:
        """Raises ValueError when it is shorter than that, or cannot be read."""
        content = self.up_to(place, size)
        if len(content) != size:
            raise ValueError("it ends too early")
        return content

    def up_to(self, place: int, size: int) -> bytes:
        try:
            if hasattr(os, "pread"):
                return os.pread(self.descriptor, size, place)
            os.lseek(self.descriptor, place, os.SEEK_SET)
            return os.read(self.descriptor, size)
        except OSError as error:
            raise ValueError("it cannot be read") from error


@dataclass(frozen=True)
class Pack:
    """Many objects in one file, and the index that says where each begins."""

    index: Part
    objects: Part
    fans: tuple[int, ...]
    """How many names begin with a byte below each of 0 to 256."""

    @classmethod
    def at(cls, index: Path) -> "Pack | None":
        opened: list[int] = []
        try:
            opened.append(_open(index))
            opened.append(_open(index.with_suffix(".pack")))
            names = Part(opened[0])
            head = names.at(0, NAMES)
            fans = (0, *struct.unpack_from(f">{FANS}I", head, len(MARK)))
            if head.startswith(MARK) and all(first <= second for first, second in pairwise(fans)):
                return cls(names, Part(opened[1]), fans)
        except (OSError, ValueError):
            pass  # a broken pack has nothing
        for descriptor in opened:
            os.close(descriptor)
        return None

    @property
    def count(self) -> int:
        return self.fans[-1]

    def offset(self, name: bytes) -> int | None:
        first, end = self.fans[name[0]], self.fans[name[0] + 1]
        with suppress(ValueError):
            while end - first > READ_AT_ONCE:
                middle = (first + end) // 2
                before = self.index.at(NAMES + NAME_BYTES * middle, NAME_BYTES) <= name
                first, end = (middle, end) if before else (first, middle)
            names = self.index.at(NAMES + NAME_BYTES * first, NAME_BYTES * (end - first))
            place = names.find(name)
            while place >= 0 and place % NAME_BYTES:  # parts of two names
                place = names.find(name, place + 1)
            return self._offset_at(first + place // NAME_BYTES) if place >= 0 else None
        return None

    def blob(self, offset: int) -> bytes | None:
        """Built up from the object that is written as a whole; None when it cannot be."""
        deltas: list[bytes] = []
        with suppress(ValueError, IndexError, zlib.error):
            for _ in range(MOST_BASES):
                kind, size, place = self._head(offset)
                base: int | None = None
                if kind == OFFSET_DELTA:
                    back, place = self._distance(place)
                    base = offset - back
                elif kind == NAMED_DELTA:
                    base, place = self.offset(self.objects.at(place, NAME_BYTES)), place + NAME_BYTES
                else:
                    whole = self._inflated(place, size)
                    return _with_deltas(whole, deltas) if kind == BLOB else None
                if base is None or base <= 0:
                    return None
                deltas.append(self._inflated(place, size))
                offset = base
        return None

    def close(self) -> None:
        os.close(self.index.descriptor)
        os.close(self.objects.descriptor)

    def _offset_at(self, number: int) -> int:
        offsets = NAMES + (NAME_BYTES + 4) * self.count
        (offset,) = struct.unpack(">I", self.index.at(offsets + 4 * number, 4))
        if offset & 0x8000_0000:
            far = offsets + 4 * self.count + 8 * (offset & 0x7FFF_FFFF)
            (offset,) = struct.unpack(">Q", self.index.at(far, 8))
        return int(offset)

    def _head(self, offset: int) -> tuple[int, int, int]:
        """Kind and size of the object at `offset`, and where it goes on."""
        head = self.objects.up_to(offset, 16)
        size, shift, length = head[0] & 15, 4, 1
        while head[length - 1] & 0x80:
            size |= (head[length] & 0x7F) << shift
            shift, length = shift + 7, length + 1
        if size > MOST_BYTES:
            raise ValueError("larger than anything that is read")
        return (head[0] >> 4) & 7, size, offset + length

    def _distance(self, place: int) -> tuple[int, int]:
        """How far before its difference an object stands, and where the difference begins."""
        written = self.objects.up_to(place, 16)
        back, length = written[0] & 0x7F, 1
        while written[length - 1] & 0x80:
            back = ((back + 1) << 7) | (written[length] & 0x7F)
            length += 1
        return back, place + length

    def _inflated(self, place: int, size: int) -> bytes:
        unpacker = zlib.decompressobj()
        parts, length = [], 0
        while length < size and not unpacker.eof and (packed := self.objects.up_to(place, CHUNK)):
            parts.append(unpacker.decompress(packed, size - length))
            length += len(parts[-1])
            place += CHUNK
        if length != size:
            raise ValueError("it ends too early")
        return b"".join(parts)


def _object_folders(folder: Path) -> Iterator[Path]:
    """Of the repository that `folder` lies in, then those it borrows from."""
    own = next((each / ".git" for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if own is None:
        return
    if own.is_file():  # a worktree or a submodule: its repository is elsewhere
        own = own.parent / _text(own).partition("\n")[0].removeprefix("gitdir:").strip()
    objects = own / (_text(own / "commondir").strip() or ".") / "objects"
    yield objects
    for line in _text(objects / "info" / "alternates").splitlines():
        if line and not line.startswith("#"):
            yield objects / line


def _text(file: Path) -> str:
    """Of a small file; empty when there is none."""
    with suppress(OSError), opened_below(file.parent, file.name) as opened:
        return os.fsdecode(opened.read(MOST_SETTINGS_BYTES))
    return ""


def _open(file: Path) -> int:
    """A descriptor of a regular file, for reading. Raises OSError."""
    with opened_below(file.parent, file.name) as opened:
        return os.dup(opened.fileno())


def _all_indexes(folder: Path) -> list[Path]:
    with suppress(OSError, ValueError):  # ValueError: a path with a NUL in it
        return [file for place in _object_folders(folder) for file in (place / "pack").glob("*.idx")]
    return []


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


def _with_deltas(content: bytes, deltas: list[bytes]) -> bytes:
    for delta in reversed(deltas):
        content = _applied(content, delta)
    return content


def _applied(base: bytes, delta: bytes) -> bytes:
    """`base` changed as a difference says: pieces of it, and pieces that are new."""
    expected, place = _length(delta, 0)
    size, place = _length(delta, place)
    if expected != len(base) or size > MOST_BYTES:
        raise ValueError("it was made for another object")
    made = bytearray()
    while place < len(delta):
        command = delta[place]
        place += 1
        if not command & 0x80:
            made += delta[place : place + command]
            place += command
            continue
        start, place = _number(delta, place, command & 0x0F)
        length, place = _number(delta, place, (command >> 4) & 0x07)
        made += base[start : start + (length or 0x10000)]
        if len(made) > size:
            raise ValueError("it says more than it should")
    if len(made) != size:
        raise ValueError("it says less than it should")
    return bytes(made)


def _length(delta: bytes, place: int) -> tuple[int, int]:
    length = shift = 0
    while True:
        byte = delta[place]
        length |= (byte & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if not byte & 0x80:
            return length, place


def _number(delta: bytes, place: int, present: int) -> tuple[int, int]:
    """A number of which only some bytes are written: those whose bits are set."""
    number = 0
    for bit in range(4):
        if present & (1 << bit):
            number |= delta[place] << (8 * bit)
            place += 1
    return number, place
