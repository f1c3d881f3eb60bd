"""An index of texts by words and by meaning, in the tables of whoever keeps the texts.

    INDEX = HybridIndex("facts")                         its tables begin with this
    Migration(name="facts index", statements=INDEX.statements)

    searched = Searching(database, INDEX, embedder)
    [vector] = await searched.vectors([text])            None while there is none: it is made up for later
    with database.writing() as connection:               your transaction, your record
        INDEX.put(connection, record, text, scope=project, vector=vector)
        INDEX.remove(connection, other_record)

    found = await searched.search("how is it built?", 10, scopes=["", project])
    [(hit.record, hit.score) for hit in found.hits], found.note

`put` adds or replaces. What is found by words and what is found by meaning are two lists of their own; a
record's score is the sum of 1 / (60 + its place) over both (reciprocal rank fusion).
"""

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from core.values import value
from store.search.full_text import FullText
from store.search.vectors import Vector, VectorTable

FUSION = 60
FASTEST = 1


@value
class Hit:
    record: int
    score: float
    """To be compared within one search only."""
    likeness: float | None = None
    """How alike the vectors are: 1 the same, 0 as strangers are; None where it was not found by meaning."""
    by_words: bool = False
    """Whether it was found by a word that tells."""


@value
class IndexState:
    texts: int
    waiting: int
    """Texts without a vector of the model that is wanted."""
    model: str
    """Empty before the first vector."""


@dataclass(frozen=True)
class HybridIndex:
    """Texts under the numbers of the caller's records, each in a scope. Searches name the scopes they are
    for.

    Nothing here begins or ends a transaction: what is put and removed is kept with the caller's own rows, or
    undone with them.
    """

    prefix: str
    """Letters and underscores."""
    is_packed: bool = False
    """Whether it takes a fifth of the room, and is to be made anew whenever `core/words.py` changes."""

    @property
    def statements(self) -> tuple[str, ...]:
        """What makes the tables: for a migration."""
        return (
            f"""CREATE TABLE {self.prefix}_texts (
                record INTEGER PRIMARY KEY, scope INTEGER NOT NULL,
                text {"BLOB" if self.is_packed else "TEXT"} NOT NULL
            ) STRICT""",
            f"CREATE TABLE {self.prefix}_scopes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
            f"CREATE TABLE {self.prefix}_waiting (record INTEGER PRIMARY KEY) STRICT",
            f"CREATE TABLE {self.prefix}_wanted (model INTEGER NOT NULL) STRICT",
            *self.words.statements,
            *self.vectors.statements,
        )

    @property
    def words(self) -> FullText:
        return FullText(self.prefix, self.is_packed)

    @property
    def vectors(self) -> VectorTable:
        return VectorTable(self.prefix, self.is_packed)

    def put(
        self,
        connection: sqlite3.Connection,
        record: int,
        text: str,
        *,
        scope: str = "",
        vector: Vector | None = None,
    ) -> None:
        """Keep `text` under `record`, in the place of what was there. Without a vector, it waits for one."""
        text = text.encode("utf-8", "replace").decode()  # SQLite takes no halves of characters
        self.remove(connection, record)
        number = self._scope_made(connection, scope)
        row = (record, number, self._kept(text))
        connection.execute(f"INSERT INTO {self.prefix}_texts (record, scope, text) VALUES (?, ?, ?)", row)
        self.words.put(connection, record, text, number)
        self.complete(connection, record, number, vector)

    def complete(
        self, connection: sqlite3.Connection, record: int, scope: int, vector: Vector | None
    ) -> None:
        """Put down the vector of a text that is there, or that it waits for one."""
        if vector is not None:
            model = self.vectors.put(connection, record, scope, vector)
            if self.want(connection, model.number):
                connection.execute(f"DELETE FROM {self.prefix}_waiting WHERE record = ?", (record,))
                return
        connection.execute(f"INSERT OR IGNORE INTO {self.prefix}_waiting (record) VALUES (?)", (record,))

    def remove(self, connection: sqlite3.Connection, record: int) -> None:
        """Nothing happens where there is none."""
        query = f"SELECT scope, text FROM {self.prefix}_texts WHERE record = ?"
        for scope, kept in connection.execute(query, (record,)).fetchall():
            connection.execute(f"DELETE FROM {self.prefix}_texts WHERE record = ?", (record,))
            self.words.remove(connection, record, self._text(kept), scope)
            self.vectors.remove(connection, record)
            connection.execute(f"DELETE FROM {self.prefix}_waiting WHERE record = ?", (record,))

    def want(self, connection: sqlite3.Connection, model: int) -> bool:
        """Whether `model` is the one that all texts shall have vectors of; the first one is."""
        wanted = self.wanted(connection)
        if not wanted:
            connection.execute(f"INSERT INTO {self.prefix}_wanted (model) VALUES (?)", (model,))
        return not wanted or wanted[0] == model

    def wanted(self, connection: sqlite3.Connection) -> list[int]:
        """The model that is wanted, and the one that was before, whose vectors are kept, too."""
        query = f"SELECT model FROM {self.prefix}_wanted ORDER BY rowid DESC LIMIT 2"
        return [model for (model,) in connection.execute(query)]

    def change(self, connection: sqlite3.Connection, model: int) -> None:
        """From now on `model` is wanted: every text that has no vector of it waits for one."""
        if self.want(connection, model):
            return
        connection.execute(f"DELETE FROM {self.prefix}_wanted WHERE model = ?", (model,))
        connection.execute(f"INSERT INTO {self.prefix}_wanted (model) VALUES (?)", (model,))
        connection.execute(f"DELETE FROM {self.prefix}_waiting")
        connection.execute(
            f"INSERT INTO {self.prefix}_waiting (record) SELECT record FROM {self.prefix}_texts"
            f" EXCEPT SELECT record FROM {self.prefix}_vectors WHERE model = ?",
            (model,),
        )

    def waiting(self, connection: sqlite3.Connection, count: int) -> list[tuple[int, int, str]]:
        """Record, scope and text of the next `count` that wait for a vector."""
        query = (
            f"SELECT record, scope, text FROM {self.prefix}_waiting JOIN {self.prefix}_texts USING (record)"
            " ORDER BY record LIMIT ?"
        )
        rows = connection.execute(query, (count,))
        return [(record, scope, self._text(kept)) for record, scope, kept in rows]

    def stands(self, connection: sqlite3.Connection, record: int, scope: int, text: str) -> bool:
        """Whether it is still as it was."""
        query = f"SELECT 1 FROM {self.prefix}_texts WHERE record = ? AND scope = ? AND text = ?"
        return connection.execute(query, (record, scope, self._kept(text))).fetchone() is not None

    def text(self, connection: sqlite3.Connection, record: int) -> str:
        """Of a record that is there."""
        query = f"SELECT text FROM {self.prefix}_texts WHERE record = ?"
        return self._text(connection.execute(query, (record,)).fetchone()[0])

    def state(self, connection: sqlite3.Connection) -> IndexState:
        query = (
            f"SELECT (SELECT count(*) FROM {self.prefix}_texts),"
            f" (SELECT count(*) FROM {self.prefix}_waiting),"
            f" coalesce(({self._name_of_wanted}), '')"
        )
        texts, waiting, model = connection.execute(query).fetchone()
        return IndexState(texts=texts, waiting=waiting, model=model)

    def is_complete(self, connection: sqlite3.Connection, model: str) -> bool:
        """Whether every text has a vector of `model`, as far as the tables say; costs nothing."""
        query = f"SELECT EXISTS (SELECT 1 FROM {self.prefix}_waiting), coalesce(({self._name_of_wanted}), ?)"
        waits, wanted = connection.execute(query, (model,)).fetchone()
        return not waits and wanted == model

    def scope_numbers(self, connection: sqlite3.Connection, scopes: Collection[str] | None) -> frozenset[int]:
        """Of those that hold or held a text; None stands for all."""
        known = dict(connection.execute(f"SELECT name, id FROM {self.prefix}_scopes"))
        wanted = known if scopes is None else set(scopes)
        return frozenset(number for name, number in known.items() if name in wanted)

    def _kept(self, text: str) -> str | bytes:
        return zlib.compress(text.encode(), FASTEST) if self.is_packed else text

    def _text(self, kept: str | bytes) -> str:
        if isinstance(kept, str):
            return kept
        try:
            return zlib.decompress(kept).decode()
        except (zlib.error, UnicodeDecodeError) as error:
            damage = sqlite3.DatabaseError("a text cannot be unpacked")
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage from error

    @property
    def _name_of_wanted(self) -> str:
        return (
            f"SELECT name FROM {self.prefix}_models JOIN {self.prefix}_wanted wanted ON id = model"
            " ORDER BY wanted.rowid DESC LIMIT 1"
        )

    def _scope_made(self, connection: sqlite3.Connection, scope: str) -> int:
        query = f"SELECT id FROM {self.prefix}_scopes WHERE name = ?"
        row = connection.execute(query, (scope,)).fetchone()
        insert = f"INSERT INTO {self.prefix}_scopes (name) VALUES (?) RETURNING id"
        return int((row or connection.execute(insert, (scope,)).fetchone())[0])


def fused(
    by_words: Sequence[int], by_meaning: Iterable[Sequence[tuple[int, float]]], count: int
) -> list[Hit]:
    """Reciprocal rank fusion: the best first; of equals, the lower record first."""
    scores: defaultdict[int, float] = defaultdict(float)
    likenesses: dict[int, float] = {}
    for place, record in enumerate(by_words, 1):
        scores[record] += 1 / (FUSION + place)
    for ranked in by_meaning:
        for place, (record, likeness) in enumerate(ranked, 1):
            scores[record] += 1 / (FUSION + place)
            likenesses.setdefault(record, likeness)
    worded = frozenset(by_words)
    chosen = sorted(scores.items(), key=lambda scored: (-scored[1], scored[0]))[:count]
    return [
        Hit(record=record, score=score, likeness=likenesses.get(record), by_words=record in worded)
        for record, score in chosen
    ]
