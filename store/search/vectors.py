"""Vectors in a table: one for each text and model, of length 1, as 16-bit floats or packed.

This table is the truth; whatever makes searching faster is derived from it. A vector that replaces another
one gets a number of its own that was never used before: so whoever has seen all up to some number knows what
is new.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.values import value

MOST_HELD = 20_000
"""Vectors of a model that a search compares one and all."""
Row = tuple[int, int, int, bytes]
"""Number, record, scope, and the vector as it is kept."""


@value
class Vector:
    """A text as some model sees it."""

    model: str
    dimensions: int
    kept: bytes
    """`dimensions` little-endian 16-bit floats, or what `store/search/packing.py` makes of them."""


@value
class Model:
    """Whose vectors these are."""

    number: int
    """In this file."""
    name: str
    dimensions: int


@dataclass(frozen=True)
class VectorTable:
    """The tables `<prefix>_models` and `<prefix>_vectors`. Nothing here begins or ends a transaction."""

    prefix: str
    is_packed: bool = False

    @property
    def column(self) -> str:
        return "packed" if self.is_packed else "halves"

    @property
    def statements(self) -> tuple[str, ...]:
        return (
            f"""CREATE TABLE {self.prefix}_models (
                id INTEGER PRIMARY KEY, name TEXT NOT NULL, dimensions INTEGER NOT NULL,
                UNIQUE (name, dimensions)
            ) STRICT""",
            f"""CREATE TABLE {self.prefix}_vectors (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                record INTEGER NOT NULL, model INTEGER NOT NULL, scope INTEGER NOT NULL,
                {self.column} BLOB NOT NULL
            ) STRICT""",
            f"CREATE UNIQUE INDEX {self.prefix}_vectors_of ON {self.prefix}_vectors (record, model)",
            f"CREATE INDEX {self.prefix}_vectors_by ON {self.prefix}_vectors (model, id, record, scope)",
        )

    def model(self, connection: sqlite3.Connection, name: str, dimensions: int) -> Model | None:
        """One that has been here."""
        query = f"SELECT id FROM {self.prefix}_models WHERE name = ? AND dimensions = ?"
        row = connection.execute(query, (name, dimensions)).fetchone()
        return Model(number=int(row[0]), name=name, dimensions=dimensions) if row else None

    def models(self, connection: sqlite3.Connection) -> list[Model]:
        """All that have been here, and were not forgotten."""
        query = f"SELECT id, name, dimensions FROM {self.prefix}_models"
        rows = connection.execute(query)
        return [Model(number=number, name=name, dimensions=dimensions) for number, name, dimensions in rows]

    def model_made(self, connection: sqlite3.Connection, vector: Vector) -> Model:
        known = self.model(connection, vector.model, vector.dimensions)
        if known is not None:
            return known
        insert = f"INSERT INTO {self.prefix}_models (name, dimensions) VALUES (?, ?) RETURNING id"
        number = connection.execute(insert, (vector.model, vector.dimensions)).fetchone()[0]
        return Model(number=number, name=vector.model, dimensions=vector.dimensions)

    def put(self, connection: sqlite3.Connection, record: int, scope: int, vector: Vector) -> Model:
        """In the place of the one that the record has of this model."""
        model = self.model_made(connection, vector)
        connection.execute(
            f"DELETE FROM {self.prefix}_vectors WHERE record = ? AND model = ?", (record, model.number)
        )
        connection.execute(
            f"INSERT INTO {self.prefix}_vectors (record, model, scope, {self.column}) VALUES (?, ?, ?, ?)",
            (record, model.number, scope, vector.kept),
        )
        return model

    def remove(self, connection: sqlite3.Connection, record: int) -> None:
        connection.execute(f"DELETE FROM {self.prefix}_vectors WHERE record = ?", (record,))

    def remove_others(self, connection: sqlite3.Connection, kept: Sequence[int], count: int) -> bool:
        """Remove up to `count` vectors of other models; whether there were any."""
        query = (
            f"DELETE FROM {self.prefix}_vectors WHERE id IN"
            f" (SELECT id FROM {self.prefix}_vectors WHERE model IN"
            f" (SELECT id FROM {self.prefix}_models WHERE id NOT IN ({_listed(kept)})) LIMIT ?)"
        )
        return connection.execute(query, (count,)).rowcount > 0

    def forget_others(self, connection: sqlite3.Connection, kept: Sequence[int]) -> list[int]:
        """Remove the other models, which have no vectors any more; their numbers."""
        query = f"DELETE FROM {self.prefix}_models WHERE id NOT IN ({_listed(kept)}) RETURNING id"
        return [int(row[0]) for row in connection.execute(query).fetchall()]

    def after(self, connection: sqlite3.Connection, model: Model, number: int, count: int) -> list[Row]:
        """The next `count` vectors of a model behind `number`; one of a wrong size is left out."""
        query = (
            f"SELECT id, record, scope, {self.column} FROM {self.prefix}_vectors"
            f" WHERE model = ? AND id > ? AND {self._whole(model)} ORDER BY id LIMIT ?"
        )
        return list(connection.execute(query, (model.number, number, count)))

    def rows(self, connection: sqlite3.Connection, model: Model, numbers: Sequence[int]) -> list[Row]:
        """Those with these numbers that are still there."""
        query = (
            f"SELECT id, record, scope, {self.column} FROM {self.prefix}_vectors"
            f" WHERE id IN ({_listed(numbers)}) AND model = ? AND {self._whole(model)}"
        )
        return list(connection.execute(query, (model.number,)))

    def _whole(self, model: Model) -> str:
        """Of packed ones the length says nothing: they are looked at when they are unpacked."""
        return "TRUE" if self.is_packed else f"length(halves) = {2 * model.dimensions}"

    def numbers(self, connection: sqlite3.Connection, model: Model, after: int) -> Iterator[int]:
        """Of a model's vectors behind the number `after`, in their order."""
        query = f"SELECT id FROM {self.prefix}_vectors WHERE model = ? AND id > ? ORDER BY id"
        return (row[0] for row in connection.execute(query, (model.number, after)))

    def count(self, connection: sqlite3.Connection, model: Model, after: int) -> int:
        """How many there are behind the number `after`. Costs a walk through them in an index."""
        query = f"SELECT count(*) FROM {self.prefix}_vectors WHERE model = ? AND id > ?"
        return int(connection.execute(query, (model.number, after)).fetchone()[0])

    def last_given(self, connection: sqlite3.Connection) -> int:
        """The highest number that was ever given to a vector."""
        query = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        row = connection.execute(query, (f"{self.prefix}_vectors",)).fetchone()
        return int(row[0]) if row else 0


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
