"""Texts and vectors of any number, the same every time; needs numpy and nothing of ours."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DIMENSIONS = 1024
"""As the default embedder has."""
CLUSTERS = 500
SPREAD = 1.2
"""Length of what sets a vector apart from its cluster, whose own length is 1."""
CHUNK = 10_000
WORDS_OF_A_TEXT, VOCABULARY = 20, 50_000


def chunks(count: int) -> Iterator[Floats]:
    """`count` vectors of length 1, in clusters, up to `CHUNK` at a time."""
    for number, start in enumerate(range(0, count, CHUNK)):
        yield _vectors(min(CHUNK, count - start), seed=number)


def queries(count: int) -> Floats:
    """Of the same kind, and none of them."""
    return _vectors(count, seed=10**6)


def texts(count: int, *, seed: int = 0) -> Iterator[str]:
    """Twenty words each, a few of them in every other text and most of them in hardly any."""
    random = np.random.default_rng([seed, 1])
    for start in range(0, count, CHUNK):
        chosen = VOCABULARY ** random.random((min(CHUNK, count - start), WORDS_OF_A_TEXT))  # few are common
        yield from (" ".join(map(_word, row)) for row in chosen.astype(int).tolist())


def _word(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number)) + "qz"


def _vectors(count: int, *, seed: int) -> Floats:
    centres = np.random.default_rng(1).standard_normal((CLUSTERS, DIMENSIONS), np.float32)
    random = np.random.default_rng([seed, 2])
    rows = centres[random.integers(0, CLUSTERS, count)]
    rows += np.float32(SPREAD) * random.standard_normal((count, DIMENSIONS), np.float32)
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    return rows
