"""A file beside the database, derived from it: mapped into memory, and thrown away when in doubt.

    a page of JSON: what it is made of, and the checksum of what follows
    what was made

It is written to a draft, brought to the disk and put in place at once: whoever reads it has all of the old
one or all of the new one, also when a process is killed meanwhile. Nothing in it is believed before the
checksum fits.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from store.locking import try_lock
from store.private import new_private_file

Bytes = NDArray[np.uint8]

HEAD_BYTES = 4096
CHUNK = 2**24


def read_derived(path: Path, made_of: Mapping[str, object]) -> tuple[Mapping[str, object], Bytes] | None:
    """The head and what follows; None when there is none, or it is damaged, or made of other things."""
    try:
        head = _head(path)
        if any(head.get(name) != expected for name, expected in made_of.items()):
            return None
        body = np.memmap(path, np.uint8, "r", offset=HEAD_BYTES)
    except (OSError, ValueError, RecursionError):
        return None
    return (head, body) if _checksum(body) == head.get("checksum") else None


def write_derived(path: Path, head: Mapping[str, object], parts: Sequence[Bytes]) -> None:
    """Put this in the place of what is there. Raises OSError, and then nothing has changed."""
    checksum = 0
    for part in parts:
        checksum = _checksum(part, checksum)
    page = json.dumps({**head, "checksum": checksum}).encode().ljust(HEAD_BYTES)
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    _remove_drafts(path)
    try:
        with new_private_file(draft) as file:
            try_lock(file.fileno())  # so that the next one knows that it is not left over
            file.write(page)
            for part in parts:
                file.write(part.data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


def remove_derived(path: Path) -> None:
    for file in (path, *_drafts(path)):
        with suppress(OSError):
            file.unlink()


def _remove_drafts(path: Path) -> None:
    """Those of processes that were killed."""
    for draft in _drafts(path):
        with suppress(OSError), draft.open("rb+") as file:
            if try_lock(file.fileno()):
                draft.unlink()


def _drafts(path: Path) -> Iterator[Path]:
    return (file for file in path.parent.iterdir() if file.name.startswith(f".{path.name}."))


def _head(path: Path) -> Mapping[str, object]:
    """Raises OSError or ValueError."""
    with path.open("rb") as file:
        head = json.loads(file.read(HEAD_BYTES))
    if not isinstance(head, dict):
        raise ValueError("the head is no object")  # noqa: TRY004
    return head


def _checksum(part: Bytes, start: int = 0) -> int:
    checksum = start
    for place in range(0, len(part), CHUNK):
        checksum = zlib.crc32(part[place : place + CHUNK].data, checksum)
    return checksum
