"""Vectors in little room, for an index that can be made again.

Whatever rounds to 0 in 127ths of a vector's largest number is left out. Of hashed words that are five numbers
in six, which were 0 before.

    which numbers are left, a bit each ─ those numbers, a byte each
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LARGEST = 127


def packed(row: Floats) -> bytes:
    largest = np.abs(row).max(initial=0.0)
    numbers: NDArray[np.int8] = np.rint(row * (LARGEST / largest) if largest else row).astype(np.int8)
    left = numbers != 0
    parts: tuple[bytes, bytes] = (np.packbits(left).tobytes(), numbers[left].tobytes())
    return b"".join(parts)


def unpacked(rows: Sequence[bytes], dimensions: int) -> tuple[NDArray[np.bool_], Floats]:
    """Which of them are whole, and these: (n,) and (k, dimensions), each of length 1 or 0."""
    width = -(-dimensions // 8)
    bits = np.frombuffer(b"".join(each[:width].ljust(width, b"\0") for each in rows), np.uint8)
    left = np.unpackbits(bits.reshape(-1, width), axis=1, count=dimensions).astype(bool)  # (n, dimensions)
    whole = left.sum(axis=1) + width == np.fromiter(map(len, rows), np.int64, len(rows))
    table = np.zeros((int(whole.sum()), dimensions), np.float32)
    numbers = b"".join(each[width:] for each, is_whole in zip(rows, whole, strict=True) if is_whole)
    table[left[whole]] = np.frombuffer(numbers, np.int8)
    table /= np.maximum(np.linalg.norm(table, axis=1), 1)[:, None]
    return whole, table
