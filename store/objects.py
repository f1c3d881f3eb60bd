"""Contents by their SHA-256: written once, never changed, thrown away when they are old or too many.

objects/3f/a9…    what undo needs to put files back; readable by their owner alone
objects/new/…     what is being written; a process that was killed may leave some
"""

import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, TypeVar

from store.private import make_private_folder, new_private_file

CHUNK = 1_000_000
FICLONE = 0x40049409
"""Linux: share the blocks of another file, where the file system can (btrfs, XFS, bcachefs)."""
T = TypeVar("T")

KEPT_SECONDS = 30 * 86_400
KEPT_BYTES = 1_000_000_000
YOUNG_SECONDS = 3_600
"""What was needed in the last hour is never thrown away: somebody may be about to name it in a log."""
SWEPT_EVERY_SECONDS = 86_400


@dataclass(frozen=True)
class Objects:
    folder: Path
    kept_bytes: int = KEPT_BYTES
    clock: Callable[[], float] = time.time

    def has(self, digest: str) -> bool:
        """Whether it is here; if so, it is young again."""
        try:
            os.utime(self._path_of(digest))
        except OSError:
            return False
        return True

    def put(self, content: bytes) -> str:
        """Keep these bytes, and answer their digest. Raises OSError."""
        digest = sha256(content).hexdigest()
        if not self.has(digest):
            self._keep(lambda file: file.write(content), digest)
        return digest

    def put_file(self, source: BinaryIO) -> str:
        """Keep all that `source` holds, sharing its blocks where that can be done. Raises OSError."""
        return self._keep(lambda file: _copied(source, file))

    def get(self, digest: str) -> bytes | None:
        """None when it is not here, or no longer what it was."""
        with suppress(OSError):
            content = self._path_of(digest).read_bytes()
            if sha256(content).hexdigest() == digest:
                return content
        return None

    def sweep(self) -> None:
        """Throw away what was not needed for a month, and the oldest of what is more than there is room for.

        At most once a day, whoever asks; several processes may.
        """
        stamp = self.folder / "swept"
        with suppress(OSError):
            if self.clock() - stamp.stat().st_mtime < SWEPT_EVERY_SECONDS:
                return
        with suppress(OSError):
            make_private_folder(self.folder)
            stamp.touch(mode=0o600)
            self._throw_away()

    def _throw_away(self) -> None:
        room = self.kept_bytes
        for path, needed_at, size in sorted(self._all(), key=lambda found: found[1], reverse=True):
            room -= size
            age = self.clock() - needed_at
            if age > YOUNG_SECONDS and (age > KEPT_SECONDS or room < 0):
                with suppress(OSError):
                    path.unlink()

    def _all(self) -> Iterator[tuple[Path, float, int]]:
        for path in self.folder.glob("*/*"):
            with suppress(OSError):
                status = path.stat()
                yield path, status.st_mtime, status.st_size

    def _keep(self, fill: Callable[[BinaryIO], object], digest: str = "") -> str:
        place = self.folder / "new" / secrets.token_hex(8)
        try:
            with _in_its_folder(place, new_private_file) as file:
                fill(file)
            if not digest:
                with place.open("rb") as file:
                    digest = digest_of(file)
            _in_its_folder(self._path_of(digest), place.replace)
        except OSError:
            with suppress(OSError):
                place.unlink(missing_ok=True)
            raise
        return digest

    def _path_of(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest[2:]


def _in_its_folder(path: Path, do: Callable[[Path], T]) -> T:
    """Most often the folder is there."""
    try:
        return do(path)
    except FileNotFoundError:
        make_private_folder(path.parent)
        return do(path)


def digest_of(file: BinaryIO) -> str:
    """Of all that is left to be read."""
    digest = sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _copied(source: BinaryIO, file: BinaryIO) -> None:
    if _shared(source, file):
        return
    while chunk := source.read(CHUNK):
        file.write(chunk)


def _shared(source: BinaryIO, file: BinaryIO) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(file.fileno(), FICLONE, source.fileno())
    except OSError:
        return False
    return True
