"""The vectors of one model that are most like a query. Imported when somebody first searches by meaning."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from store.search.vectors import Vector, VectorTable

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
BLOCK = 4096


def vector_of(model: str, row: Floats) -> Vector:
    """`row`, of any length above 0, as it is kept."""
    return Vector(model=model, dimensions=len(row), halves=row.astype("<f2").tobytes())


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


@dataclass
class Nearest:
    """All vectors of one model in memory, brought up to date before each search."""

    table: VectorTable
    model: int
    dimensions: int
    _seen: tuple[int, int] | None = None
    _ids: Numbers = field(default_factory=lambda: np.zeros((3, 0), np.int64))
    """(3, n): number, record, scope."""
    _rows: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def search(
        self, connection: sqlite3.Connection, query: Floats, count: int, scopes: Collection[int]
    ) -> list[tuple[int, float]]:
        """Record and cosine of the best, best first; of equals, the lower record first."""
        self._catch_up(connection)
        cosines = self._rows @ query  # (n,)
        fitting = np.flatnonzero(np.isin(self._ids[2], list(scopes)))
        return best(self._ids[1][fitting], cosines[fitting], count)

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        now = (int(connection.execute("PRAGMA data_version").fetchone()[0]), connection.total_changes)
        if now == self._seen:
            return
        if self._rows.shape[1] != self.dimensions:
            self._rows = np.zeros((0, self.dimensions), np.float32)
        highest = int(self._ids[0][-1]) if self._ids.shape[1] else 0
        new = list(self.table.after(connection, self.model, highest))
        if new:
            ids = np.array(new, np.int64).T
            kept = [halves for _, _, halves in self.table.halves(connection, ids[0].tolist())]
            rows = np.frombuffer(b"".join(kept), "<f2").reshape(-1, self.dimensions).astype(np.float32)
            self._ids = np.concatenate([self._ids, ids], axis=1)
            self._rows = np.concatenate([self._rows, rows])
        if self.table.count(connection, self.model) != self._ids.shape[1]:
            there = np.array([row[0] for row in self.table.after(connection, self.model, 0)], np.int64)
            left = np.isin(self._ids[0], there)
            self._ids, self._rows = self._ids[:, left], self._rows[left]
        self._seen = now


def best(records: Numbers, cosines: Floats, count: int) -> list[tuple[int, float]]:
    """The `count` highest cosines with their records; of equals, the lower record first."""
    if len(cosines) > count:
        least = np.partition(cosines, -count)[-count]
        chosen = np.flatnonzero(cosines >= least)
        records, cosines = records[chosen], cosines[chosen]
    order = np.lexsort((records, -cosines))[:count]
    return [(int(records[place]), float(cosines[place])) for place in order]
