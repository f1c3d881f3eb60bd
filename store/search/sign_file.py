"""Signs in a file beside the database: derived from it, mapped into memory, and thrown away when in doubt.

    a page of JSON: format, model, dimensions, count, highest number, checksum of what follows
    numbers, 8 bytes each
    scopes, 8 bytes each
    blocks of signs

It is written to a draft, brought to the disk and put in place at once: whoever reads it has all of the old
one or all of the new one, also when a process is killed meanwhile. Nothing in it is believed before the
checksum fits.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from store.locking import try_lock
from store.private import new_private_file
from store.search.signs import BLOCK, SignTable, words_of

FORMAT = "roost signs 1"
HEAD_BYTES = 4096
CHUNK = 2**24


def read_signs(path: Path, *, model: str, dimensions: int) -> SignTable | None:
    """What is in the file; None when there is none, or it is damaged, or of another model or form."""
    try:
        head = _head(path)
        count = head.get("count")
        expected = (FORMAT, model, dimensions)
        if (
            not isinstance(count, int)
            or count < 1
            or (head.get("format"), head.get("model"), head.get("dimensions")) != expected
        ):
            return None
        if path.stat().st_size != HEAD_BYTES + _body_bytes(count, dimensions):
            return None
        body = np.memmap(path, np.uint8, "r", offset=HEAD_BYTES)
    except (OSError, ValueError, RecursionError):
        return None
    if _checksum(body) != head.get("checksum"):
        return None
    numbers = body[: 16 * count].view("<i8")
    blocks = body[16 * count :].view("<u8").reshape(-1, words_of(dimensions), BLOCK)
    table = SignTable(numbers[:count], numbers[count:], blocks)
    return table if int(table.ids[-1]) == head.get("highest") else None


def write_signs(path: Path, table: SignTable, *, model: str, dimensions: int) -> None:
    """Put `table` in the place of what is there. Raises OSError, and then nothing has changed."""
    body = [np.ascontiguousarray(part) for part in (table.ids, table.scopes, table.blocks)]
    parts = [
        part.astype(part.dtype.newbyteorder("<"), copy=False).view(np.uint8).reshape(-1) for part in body
    ]
    checksum = 0
    for part in parts:
        checksum = _checksum(part, checksum)
    head = {
        **{"format": FORMAT, "model": model, "dimensions": dimensions, "count": len(table.ids)},
        **{"highest": int(table.ids[-1]), "checksum": checksum},
    }
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    _remove_drafts(path)
    try:
        with new_private_file(draft) as file:
            try_lock(file.fileno())  # so that the next one knows that it is not left over
            file.write(json.dumps(head).encode().ljust(HEAD_BYTES))
            for part in parts:
                file.write(part.data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


def remove_signs(path: Path) -> None:
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


def _body_bytes(count: int, dimensions: int) -> int:
    return 16 * count + -(-count // BLOCK) * BLOCK * words_of(dimensions) * 8


def _checksum(part: "np.typing.NDArray[np.uint8]", start: int = 0) -> int:
    checksum = start
    for place in range(0, len(part), CHUNK):
        checksum = zlib.crc32(part[place : place + CHUNK].data, checksum)
    return checksum
