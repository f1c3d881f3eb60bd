"""Signs in a file beside the database: numbers of 8 bytes each, scopes of 8 bytes each, blocks of signs."""

from pathlib import Path

import numpy as np

from store.search.derived_file import read_derived, write_derived
from store.search.signs import BLOCK, SignTable, words_of

FORMAT = "roost signs 1"


def read_signs(path: Path, *, model: str, dimensions: int) -> SignTable | None:
    """What is in the file; None when there is none, or it is damaged, or of another model or form."""
    found = read_derived(path, {"format": FORMAT, "model": model, "dimensions": dimensions})
    if found is None:
        return None
    head, body = found
    count = head.get("count")
    if not isinstance(count, int) or count < 1 or len(body) != _body_bytes(count, dimensions):
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
    head = {
        **{"format": FORMAT, "model": model, "dimensions": dimensions},
        **{"count": len(table.ids), "highest": int(table.ids[-1])},
    }
    write_derived(path, head, parts)


def _body_bytes(count: int, dimensions: int) -> int:
    return 16 * count + -(-count // BLOCK) * BLOCK * words_of(dimensions) * 8
