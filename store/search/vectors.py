"""Vectors in a table: one for each text and model, of length 1, as 16-bit floats.

This table is the truth; whatever makes searching faster is derived from it. A vector that replaces another
one gets a number of its own that was never used before: so whoever has seen all up to some number knows what
is new.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.values import value


@value
class Vector:
    """A text as some model sees it."""

    model: str
    dimensions: int
    halves: bytes
    """`dimensions` little-endian 16-bit floats."""


@dataclass(frozen=True)
class VectorTable:
    """The tables `<prefix>_models` and `<prefix>_vectors`. Nothing here begins or ends a transaction."""

    prefix: str

    @property
    def statements(self) -> tuple[str, ...]:
        return (
            f"""CREATE TABLE {self.prefix}_models (
                id INTEGER PRIMARY KEY, name TEXT NOT NULL, dimensions INTEGER NOT NULL,
                UNIQUE (name, dimensions)
            ) STRICT""",
            f"""CREATE TABLE {self.prefix}_vectors (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                record INTEGER NOT NULL, model INTEGER NOT NULL, scope INTEGER NOT NULL, halves BLOB NOT NULL
            ) STRICT""",
            f"CREATE UNIQUE INDEX {self.prefix}_vectors_of ON {self.prefix}_vectors (record, model)",
            f"CREATE INDEX {self.prefix}_vectors_by ON {self.prefix}_vectors (model, id, record, scope)",
        )

    def model(self, connection: sqlite3.Connection, name: str, dimensions: int) -> int | None:
        """The number of a model that has been here."""
        query = f"SELECT id FROM {self.prefix}_models WHERE name = ? AND dimensions = ?"
        row = connection.execute(query, (name, dimensions)).fetchone()
        return row and int(row[0])

    def model_made(self, connection: sqlite3.Connection, vector: Vector) -> int:
        known = self.model(connection, vector.model, vector.dimensions)
        if known is not None:
            return known
        insert = f"INSERT INTO {self.prefix}_models (name, dimensions) VALUES (?, ?) RETURNING id"
        return int(connection.execute(insert, (vector.model, vector.dimensions)).fetchone()[0])

    def put(self, connection: sqlite3.Connection, record: int, scope: int, vector: Vector) -> int:
        """In the place of the one that the record has of this model; answers with the model's number."""
        model = self.model_made(connection, vector)
        connection.execute(
            f"DELETE FROM {self.prefix}_vectors WHERE record = ? AND model = ?", (record, model)
        )
        connection.execute(
            f"INSERT INTO {self.prefix}_vectors (record, model, scope, halves) VALUES (?, ?, ?, ?)",
            (record, model, scope, vector.halves),
        )
        return model

    def remove(self, connection: sqlite3.Connection, record: int) -> None:
        connection.execute(f"DELETE FROM {self.prefix}_vectors WHERE record = ?", (record,))

    def after(
        self, connection: sqlite3.Connection, model: int, number: int
    ) -> Iterator[tuple[int, int, int]]:
        """Number, record and scope of a model's vectors with numbers above `number`, in their order."""
        query = f"SELECT id, record, scope FROM {self.prefix}_vectors WHERE model = ? AND id > ? ORDER BY id"
        return connection.execute(query, (model, number))

    def count(self, connection: sqlite3.Connection, model: int) -> int:
        """Costs a walk through an index."""
        query = f"SELECT count(*) FROM {self.prefix}_vectors WHERE model = ?"
        return int(connection.execute(query, (model,)).fetchone()[0])

    def highest(self, connection: sqlite3.Connection, model: int) -> int:
        query = f"SELECT coalesce(max(id), 0) FROM {self.prefix}_vectors WHERE model = ?"
        return int(connection.execute(query, (model,)).fetchone()[0])

    def halves(
        self, connection: sqlite3.Connection, numbers: Sequence[int]
    ) -> Iterator[tuple[int, int, bytes]]:
        """Number, record and vector of those that are still there."""
        query = f"SELECT id, record, halves FROM {self.prefix}_vectors WHERE id = ?"
        for number in numbers:
            row = connection.execute(query, (number,)).fetchone()
            if row:
                yield row
