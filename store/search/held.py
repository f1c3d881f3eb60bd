"""Vectors in memory, compared with a query one and all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.search.packing import packed, unpacked
from store.search.vectors import Row, Vector

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Held:
    """Vectors in memory."""

    ids: Numbers
    records: Numbers
    scopes: Numbers
    vectors: Floats

    @classmethod
    def of(cls, rows: Sequence[Row], dimensions: int, *, is_packed: bool = False) -> "Held":
        """As they are kept in a table; a packed one that is not whole is left out."""
        numbers = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
        if is_packed:
            whole, vectors = unpacked([row[3] for row in rows], dimensions)
            numbers = numbers[whole]
        else:
            halves = np.frombuffer(b"".join(row[3] for row in rows), "<f2")
            vectors = halves.reshape(len(rows), dimensions).astype(np.float32)
        return cls(numbers[:, 0], numbers[:, 1], numbers[:, 2], vectors)

    def joined(self, other: "Held") -> "Held":
        return Held(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.records, other.records]),
            np.concatenate([self.scopes, other.scopes]),
            np.concatenate([self.vectors, other.vectors]),
        )

    def only(self, numbers: Numbers) -> "Held":
        left = np.isin(self.ids, numbers)
        return Held(self.ids[left], self.records[left], self.scopes[left], self.vectors[left])

    def best(self, query: Floats, count: int, scopes: Collection[int]) -> list[tuple[int, float]]:
        with np.errstate(invalid="ignore", over="ignore"):
            cosines = self.vectors @ query  # (n,)
        wanted = np.isin(self.scopes, list(scopes)) & np.isfinite(cosines)  # a damaged file may hold anything
        return best(self.records[wanted], cosines[wanted], count)


def best(records: Numbers, cosines: Floats, count: int) -> list[tuple[int, float]]:
    """The `count` highest cosines with their records; of equals, the lower record first."""
    if len(cosines) > count:
        least = np.partition(cosines, -count)[-count]
        chosen = np.flatnonzero(cosines >= least)
        records, cosines = records[chosen], cosines[chosen]
    order = np.lexsort((records, -cosines))[:count]
    return [(int(records[place]), float(cosines[place])) for place in order]


def vector_of(model: str, row: Floats, *, is_packed: bool = False) -> Vector:
    """`row`, of any length above 0, as it is kept."""
    kept = packed(row) if is_packed else row.astype("<f2").tobytes()
    return Vector(model=model, dimensions=len(row), kept=kept)


def unusable(rows: NDArray[np.float32], count: int) -> str:
    """What is wrong with what an embedder gave for `count` texts; empty when nothing is."""
    if rows.ndim != 2 or len(rows) != count or not rows.shape[1]:
        return f"{count} vectors were asked for, and an array of the form {rows.shape} came"
    if not np.isfinite(rows).all():
        return "a vector holds what is no number"
    lengths = np.linalg.norm(rows, axis=1)
    return (
        ""
        if (((lengths > 0.99) & (lengths < 1.01)) | (lengths == 0)).all()
        else "a vector is not of length 1"
    )
