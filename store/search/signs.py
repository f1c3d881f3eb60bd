"""Vectors as signs: a hundredth of the work finds the thousand among which the best ten are.

A vector is turned by a fixed rotation, and of each of its numbers only the sign is kept. Two vectors that
point the same way have most signs in common, so the number of differing bits puts candidates in order; who
wins is decided with the vectors themselves. Without the rotation this fails for vectors with many zeros, as
those of hashed words are: a zero has no sign (docs/decisions/0022-signs-of-rotated-vectors.md).

Bits lie in blocks of `BLOCK` rows, word by word, so that one pass over a word is one pass over memory.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Bits = NDArray[np.uint64]

BLOCK = 4096
WORD_BITS = 64
LEAST_BITS = 256
MANY_ROWS = 200_000
"""From here on a second thread is worth its start."""
SEED = 20_261_101
FARTHEST = np.uint16(0xFFFF)
MOSTLY = 0.75
NEAR = 1000
"""Rows that are weighed after their bits were counted."""


class Shortcut(Protocol):
    """Finds rows that differ in few bits without a pass over all."""

    @property
    def reach(self) -> int:
        """The highest number that it knows."""
        ...

    def near(self, query: Bits, count: int) -> Numbers:
        """Numbers of about `count` rows; some may be gone by now."""
        ...


@dataclass(frozen=True)
class SignTable:
    """Rows in the order of their numbers."""

    ids: Numbers
    """(n,) ascending."""
    scopes: Numbers
    """(n,)"""
    blocks: Bits
    """(ceil(n / BLOCK), words, BLOCK); what is behind the last row is zero."""

    def candidates(
        self, query: Floats, count: int, scopes: Sequence[int], shortcut: Shortcut | None = None
    ) -> Numbers:
        """Numbers of the `count` rows in `scopes` that may be nearest to `query`, or of all there are."""
        turned = rotated(query[None])[0]
        bits, wanted = bits_of_rotated(turned[None])[0], max(NEAR, 2 * count)
        near = self._by_shortcut(shortcut, bits, wanted, scopes) if shortcut else None
        if near is None:
            near = self._near(bits, wanted, scopes)
        if len(near) > count:
            likeness = _weighed(self.bits(near), turned)
            near = near[np.argpartition(-likeness, count - 1)[:count]]
        return self.ids[near]

    def _by_shortcut(
        self, shortcut: Shortcut, query: Bits, count: int, scopes: Sequence[int]
    ) -> Numbers | None:
        """As `_near`; None when too few of what it finds are there and in `scopes`."""
        found = np.sort(shortcut.near(query, count))
        places = np.minimum(np.searchsorted(self.ids, found), len(self.ids) - 1)
        inside = places[(self.ids[places] == found) & np.isin(self.scopes[places], list(scopes))]
        if len(inside) < MOSTLY * count:
            return None
        late = int(np.searchsorted(self.ids, shortcut.reach, "right"))
        return (
            np.concatenate([inside, self._near(query, count, scopes, late)])
            if late < len(self.ids)
            else inside
        )

    def _near(self, query: Bits, count: int, scopes: Sequence[int], first: int = 0) -> Numbers:
        """Places from `first` on of the `count` rows with the fewest differing bits; of equals, the first."""
        wanted = np.zeros(int(self.scopes.max()) + 1, bool)
        wanted[[scope for scope in scopes if scope < len(wanted)]] = True
        start = first // BLOCK
        distances = self._distances(query, start)  # (n - start * BLOCK,)
        distances[: first - start * BLOCK] = FARTHEST
        if not wanted.all():
            distances[~wanted[self.scopes[start * BLOCK :]]] = FARTHEST
        place = min(count, len(distances)) - 1
        least = min(int(np.partition(distances, place)[place]), int(FARTHEST) - 1)
        near = np.flatnonzero(distances < least)
        level = np.flatnonzero(distances == least)
        return start * BLOCK + np.concatenate([near, level[: max(0, count - len(near))]])

    def _distances(self, query: Bits, start: int) -> NDArray[np.uint16]:
        """Of the rows in the blocks from `start` on."""
        blocks, rows = self.blocks[start:], len(self.ids) - start * BLOCK
        distances = np.empty((len(blocks), BLOCK), np.uint16)

        def count_bits(start: int, end: int) -> None:
            differing = np.empty(blocks.shape[1:], np.uint64)  # (words, BLOCK)
            counts = np.empty(blocks.shape[1:], np.uint8)
            for block in range(start, end):
                np.bitwise_xor(blocks[block], query[:, None], out=differing)
                np.bitwise_count(differing, out=counts)
                np.add.reduce(counts, axis=0, dtype=np.uint16, out=distances[block])

        middle = len(blocks) // 2
        if rows < MANY_ROWS or (os.cpu_count() or 1) < 2:
            count_bits(0, len(blocks))
        else:
            with ThreadPoolExecutor(1) as other:  # numpy lets go of the interpreter meanwhile
                half = other.submit(count_bits, 0, middle)
                count_bits(middle, len(blocks))
                half.result()
        return distances.reshape(-1)[:rows]

    def bits(self, places: Numbers) -> Bits:
        """(k, words): of the rows at `places`."""
        chosen: Bits = self.blocks[places // BLOCK, :, places % BLOCK]
        return chosen

    def only(self, kept: NDArray[np.bool_]) -> "SignTable":
        """The rows for which `kept` is true."""
        places = np.flatnonzero(kept)
        parts = [self.bits(places[start : start + BLOCK]) for start in range(0, len(places), BLOCK)]
        rows = np.concatenate([np.zeros((0, self.blocks.shape[1]), np.uint64), *parts])
        return SignTable(self.ids[places], self.scopes[places], blocks_of(rows))

    def with_rows(self, ids: Numbers, scopes: Numbers, bits: Bits) -> "SignTable":
        """And these behind them."""
        full = len(self.ids) // BLOCK
        torn = self.bits(np.arange(full * BLOCK, len(self.ids)))
        blocks = np.concatenate([self.blocks[:full], blocks_of(np.concatenate([torn, bits]))])
        return SignTable(np.concatenate([self.ids, ids]), np.concatenate([self.scopes, scopes]), blocks)


def no_signs(dimensions: int) -> SignTable:
    nothing = np.zeros(0, np.int64)
    return SignTable(nothing, nothing, np.zeros((0, words_of(dimensions), BLOCK), np.uint64))


def words_of(dimensions: int) -> int:
    """Words of 64 signs for a vector."""
    return _power(dimensions) // WORD_BITS


def blocks_of(rows: Bits) -> Bits:
    """(n, words) as (blocks, words, BLOCK)."""
    count, words = rows.shape
    blocks = np.zeros((-(-count // BLOCK), BLOCK, words), np.uint64)
    blocks.reshape(-1, words)[:count] = rows
    return np.ascontiguousarray(blocks.transpose(0, 2, 1))


def bits_of(vectors: Floats) -> Bits:
    """(n, d) as (n, words): the signs of the rotated vectors."""
    return bits_of_rotated(rotated(vectors))


def bits_of_rotated(vectors: Floats) -> Bits:
    return np.packbits(vectors > 0, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def rotated(vectors: Floats) -> Floats:
    """(n, d) as (n, bits).

    The rotation flips the sign of half of the numbers and applies a Hadamard matrix, as the product of two
    small ones: each new number is a sum of all old ones. It costs 2.5 microseconds for a vector of 1,024
    numbers.
    """
    flips, left, right = _rotation(vectors.shape[1])
    wide = np.zeros((len(vectors), len(left) * len(right)), np.float32)
    wide[:, : vectors.shape[1]] = vectors * flips
    halfway = (wide.reshape(-1, len(right)) @ right).reshape(len(vectors), len(left), len(right))
    turned: Floats = np.matmul(left, halfway).reshape(len(vectors), -1)
    return turned


def _weighed(rows: Bits, query: Floats) -> Floats:
    """(n, words) and (bits,) as (n,): what is known of a row are signs, but of the query we know the numbers.

    The sum of the query's numbers where a row's sign is plus. Eight at a time are looked up in a table.
    """
    patterns = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")  # (256, 8)
    table = query.reshape(-1, 8) @ patterns.T.astype(np.float32)  # (bytes, 256)
    codes = rows.astype("<u8").view(np.uint8) + 256 * np.arange(table.shape[0])  # (n, bytes)
    sums: Floats = table.reshape(-1).take(codes).sum(axis=1)
    return sums


@cache
def _rotation(dimensions: int) -> tuple[Floats, Floats, Floats]:
    width = _power(dimensions)
    left = 2 ** (width.bit_length() // 2)
    drawn = np.random.Generator(np.random.PCG64(SEED)).integers(0, 2, dimensions)
    return (2 * drawn - 1).astype(np.float32), _hadamard(left), _hadamard(width // left)


def _hadamard(size: int) -> Floats:
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def _power(dimensions: int) -> int:
    """The next power of two: so many signs are kept."""
    return max(LEAST_BITS, 1 << (dimensions - 1).bit_length())
