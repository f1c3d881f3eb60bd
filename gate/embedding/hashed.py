"""Vectors without a model: words, and pieces of them, each hashed to one of 1,024 places.

Texts that share words, or parts of words, point the same way. There is nothing to download, and the same text
gives the same vector in every process and on every platform: the sums are whole numbers, and what is done to
them after is exact or rounded as IEEE 754 says.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.words import words

if TYPE_CHECKING:
    from core.embedding import Floats

Letters = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

DIMENSIONS = 1024
LONGEST = 16_384
"""Characters of a text that count; what is longer is better told in several records."""
GRAM = 4
BLANK = 32
WORD_WEIGHT = 2
BATCH_BYTES = 2**20

BASE = np.uint64(0x100000001B3)
FIRST_MIX, SECOND_MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
GRAM_SEED = np.uint64(0x9E3779B97F4A7C15)


class HashedEmbedder:
    """Hashed words and four-letter pieces; see the top of the module."""

    model = "hashed-1"
    """To be counted up with every change of what comes out."""

    async def embed(self, texts: Sequence[str]) -> "Floats":
        return hashed_rows(texts)

    async def close(self) -> None:
        """There is nothing to let go of."""


def hashed_rows(texts: Sequence[str]) -> "Floats":
    """One row of length 1 for each text, and zeros for a text without words."""
    rows = np.zeros((len(texts), DIMENSIONS), np.float32)
    spelled = [f" {' '.join(words(text[:LONGEST]))} ".encode() for text in texts]
    start, size = 0, 0
    for end, line in enumerate(spelled, 1):
        size += len(line)
        if size >= BATCH_BYTES or end == len(spelled):
            rows[start:end] = _batch(spelled[start:end])
            start, size = end, 0
    return rows


def _batch(lines: Sequence[bytes]) -> "Floats":
    """Costs about 40 operations on arrays as long as all lines together."""
    letters = np.frombuffer(b"".join(lines), np.uint8)  # (n,)
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])  # (n,): whose letter it is
    sums = np.zeros(len(lines) * DIMENSIONS, np.int64)
    for (hashes, owners), weight in ((_words(letters, owner), WORD_WEIGHT), (_grams(letters, owner), 1)):
        mixed = _mixed(hashes)
        places = owners * DIMENSIONS + (mixed >> np.uint64(54)).astype(np.int64)
        signs = 1 - 2 * ((mixed >> np.uint64(53)) & np.uint64(1)).astype(np.int64)
        sums += np.bincount(places, weights=weight * signs, minlength=len(sums)).astype(np.int64)
    table = sums.reshape(len(lines), DIMENSIONS)
    damped = np.sqrt(np.abs(table)) * np.sign(table)  # what comes often counts less each time
    lengths = np.sqrt(np.abs(table).sum(axis=1))  # exact: the squares are whole numbers
    rows: Floats = (damped / np.maximum(lengths, 1)[:, None]).astype(np.float32)
    return rows


def _words(letters: Letters, owner: Places) -> tuple[Hashes, Places]:
    """The hash of each word, and whose it is."""
    blank = letters == BLANK
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    if not len(starts):
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    lengths = np.flatnonzero(~blank[:-1] & blank[1:]) + 1 - starts
    places = np.flatnonzero(~blank) - np.repeat(starts, lengths)  # of each letter in its word
    powers = np.cumprod(np.full(int(places.max()) + 1, BASE))
    first = np.cumsum(lengths) - lengths
    return np.add.reduceat((letters[~blank] + np.uint64(1)) * powers[places], first), owner[starts]


def _grams(letters: Letters, owner: Places) -> tuple[Hashes, Places]:
    """Four letters each, of one word and the blanks around it, and whose they are."""
    if len(letters) < GRAM:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    wide = letters.astype(np.uint64)
    packed = wide[:-3] | wide[1:-2] << np.uint64(8) | wide[2:-1] << np.uint64(16) | wide[3:] << np.uint64(24)
    inside = (letters[1:-2] != BLANK) & (letters[2:-1] != BLANK)
    return (packed[inside] + np.uint64(1)) * GRAM_SEED, owner[1:-2][inside]


def _mixed(hashes: Hashes) -> Hashes:
    hashes = (hashes ^ (hashes >> np.uint64(30))) * FIRST_MIX
    hashes = (hashes ^ (hashes >> np.uint64(27))) * SECOND_MIX
    return hashes ^ (hashes >> np.uint64(31))
