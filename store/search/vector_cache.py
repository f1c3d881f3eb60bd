"""Vectors that a server or a large model made, kept in the cache folder so that none is made twice."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.errors import StoreError
from store.database import Database, Migration

FORM = (
    Migration(
        name="vectors",
        statements=(
            """CREATE TABLE vectors (
                number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, halves BLOB NOT NULL
            ) STRICT""",
        ),
    ),
)
MOST = 200_000
"""After that the oldest go."""


@dataclass(frozen=True)
class StoredVectors:
    """A cache in a file of its own, with the form `FORM`. What is wrong with the file makes it forget, no
    more.
    """

    database: Database
    most: int = MOST

    def known(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        query = "SELECT halves FROM vectors WHERE key = ?"
        found: dict[bytes, bytes] = {}
        with suppress(StoreError), self.database.reading() as connection:
            for key in keys:
                if row := connection.execute(query, (key,)).fetchone():
                    found[key] = row[0]
        return found

    def forget(self, keys: Sequence[bytes]) -> None:
        with suppress(StoreError):
            with self.database.writing() as connection:
                connection.executemany("DELETE FROM vectors WHERE key = ?", [(key,) for key in keys])
            self.database.empty_the_journal()

    def keep(self, vectors: Mapping[bytes, bytes]) -> None:
        with suppress(StoreError), self.database.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors (key, halves) VALUES (?, ?)", vectors.items()
            )
            connection.execute(
                "DELETE FROM vectors WHERE number <= (SELECT max(number) FROM vectors) - ?", (self.most,)
            )
