"""What is known of a workspace's code, in a file of the user's cache: it can be made again at any time.

file    path, stamp, digest, the names that stand in it
chunk   which lines of a file; their text is in the index by words and by meaning (`store/search`)
"""

import asyncio
import sqlite3
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection
from threading import RLock
from typing import Any, TypeVar

from core.code import Chunk, Definition, FileChunks, FileState, Hit
from core.embedding import Embedder
from core.errors import StoreError
from store.database import Database, Migration
from store.search.index import HybridIndex
from store.search.searching import Searching
from store.search.vectors import Vector

T = TypeVar("T")

LINE_CHARS = 160
"""Of a definition's first line."""
BELOW = (
    "SELECT chunk.id FROM chunk JOIN file ON file.id = chunk.file"
    " WHERE path = ? OR (path > ? || '/' AND path < ? || '0')"  # in ASCII 0 comes after the slash
)
BEYOND = 20
"""How many times more chunks are looked at when only those below a path count."""
INDEX = HybridIndex("code", is_packed=True)
TABLES = (
    Migration(
        name="files and chunks, packed",
        statements=(
            "CREATE TABLE file (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL,"
            " digest TEXT NOT NULL, uses TEXT NOT NULL) STRICT",
            "CREATE TABLE chunk (id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES file,"
            " first INTEGER NOT NULL, last INTEGER NOT NULL, name TEXT NOT NULL, heads INTEGER NOT NULL,"
            " number INTEGER NOT NULL, line TEXT NOT NULL) STRICT",
            "CREATE INDEX chunk_of_file ON chunk (file)",
            *INDEX.statements,
        ),
    ),
)


class CodeIndexFile:
    """As `core.code.CodeIndex`, for threads that run no event loop; they take turns."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._use(database, embedder)
        self._loop = asyncio.new_event_loop()  # embedders are asked in one loop, and never in the session's
        self._turns = RLock()

    @classmethod
    def open(cls, path: Path, embedder: Embedder) -> "CodeIndexFile":
        """The index at `path`, made anew when it is damaged, of another form or of another embedder.

        Raises:
            StoreError: there can be none at all: the rights are wrong, or the disk is full.
        """
        try:
            database = Database.open(path, TABLES)
            with database.reading() as connection:
                model = INDEX.state(connection).model
        except StoreError:
            _remove(path)
            return cls(Database.open(path, TABLES), embedder)
        if model in ("", embedder.model):
            return cls(database, embedder)
        database.close()
        _remove(path)
        return cls(Database.open(path, TABLES), embedder)

    def turn(self) -> AbstractContextManager[object]:
        return self._turns

    def begin_anew(self, error: StoreError) -> bool:
        cause = error.__cause__
        code = cause.sqlite_errorcode if isinstance(cause, sqlite3.Error) else 0
        if code & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return False
        self._database.close()
        _remove(self._database.path)
        self._use(Database.open(self._database.path, TABLES), self._searching.embedder)
        return True

    def states(self) -> Mapping[str, FileState]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT path, stamp, digest FROM file").fetchall()
        return {path: FileState(stamp, digest) for path, stamp, digest in rows}

    def put(self, files: Sequence[FileChunks]) -> None:
        texts = [told(file.path, chunk) for file in files for chunk in file.chunks]
        vectors = iter(self._wait(self._searching.vectors(texts)) if texts else [])
        with self._database.writing() as connection:
            for file in files:
                _remove_file(connection, file.path)
                _insert(connection, file, [next(vectors) for _ in file.chunks])

    def restamp(self, states: Mapping[str, FileState]) -> None:
        rows = [(state.stamp, path, state.digest) for path, state in states.items()]
        with self._database.writing() as connection:
            connection.executemany("UPDATE file SET stamp = ? WHERE path = ? AND digest = ?", rows)

    def forget(self, paths: Sequence[str]) -> None:
        if paths:
            with self._database.writing() as connection:
                for path in paths:
                    _remove_file(connection, path)

    def search(self, words: str, *, below: str, most: int) -> Sequence[Hit]:
        below = below.encode("utf-8", "replace").decode()
        count = most * (BEYOND if below else 1)
        with self._database.reading() as connection:
            found = self._wait(self._searching.search(words, count))
            records = [hit.record for hit in found.hits]
            if below:
                inside = {record for (record,) in connection.execute(BELOW, (below,) * 3)}
                records = [record for record in records if record in inside]
            if below and len(records) < most:  # the best of all are elsewhere
                [scope] = INDEX.scope_numbers(connection, None) or (0,)
                further = INDEX.words.search_among(connection, words, most, scope, BELOW, *(below,) * 3)
                records = list(dict.fromkeys([*records, *further]))
            return [_hit(connection, record) for record in records[:most]]

    def definitions(self) -> Sequence[Definition]:
        asked = (
            "SELECT path, name, number, line FROM chunk JOIN file ON file.id = chunk.file"
            " WHERE heads ORDER BY path, first, chunk.id"
        )
        with self._database.reading() as connection:
            return [Definition(*row) for row in connection.execute(asked)]

    def uses(self) -> Mapping[str, Sequence[str]]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT path, uses FROM file WHERE uses <> ''").fetchall()
        return {path: uses.split(" ") for path, uses in rows}

    def close(self) -> None:
        with self._turns:
            self._wait(self._searching.aclose())
            self._loop.close()
            self._database.close()

    def _use(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._searching = Searching(database, INDEX, embedder)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


def name_for(workspace: Path) -> str:
    """Of the file that a workspace's index is in."""
    digest = sha256(str(workspace).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{digest}.sqlite"


def told(path: str, chunk: Chunk) -> str:
    """What is looked for: the lines, and the name, which says as much as many of them."""
    return f"{path} {chunk.name} {chunk.name} {chunk.name}\n{chunk.text}"


def _insert(connection: Connection, file: FileChunks, vectors: Sequence[Vector | None]) -> None:
    place = connection.execute(
        "INSERT INTO file (path, stamp, digest, uses) VALUES (?, ?, ?, ?)",
        (file.path, file.state.stamp, file.state.digest, " ".join(file.uses)),
    ).lastrowid
    for chunk, vector in zip(file.chunks, vectors, strict=True):
        number, line = chunk.opening
        record = connection.execute(  # RETURNING would make FTS5 write down what it gathers, each time
            "INSERT INTO chunk (file, first, last, name, heads, number, line) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (place, chunk.first, chunk.last, chunk.name, int(chunk.heads), number, line[:LINE_CHARS]),
        ).lastrowid
        assert record is not None
        INDEX.put(connection, record, told(file.path, chunk), vector=vector)


def _remove_file(connection: Connection, path: str) -> None:
    found = connection.execute("SELECT id FROM file WHERE path = ?", (path,)).fetchone()
    if found is None:
        return
    for (record,) in connection.execute("SELECT id FROM chunk WHERE file = ?", found).fetchall():
        INDEX.remove(connection, record)
    connection.execute("DELETE FROM chunk WHERE file = ?", found)
    connection.execute("DELETE FROM file WHERE id = ?", found)


def _hit(connection: Connection, record: int) -> Hit:
    path, first, last, name, heads = connection.execute(
        "SELECT path, first, last, name, heads FROM chunk JOIN file ON file.id = chunk.file"
        " WHERE chunk.id = ?",
        (record,),
    ).fetchone()
    text = INDEX.text(connection, record)[len(told(path, Chunk(first, last, "", name))) :]
    return Hit(path, Chunk(first, last, text, name, bool(heads)))


def _remove(path: Path) -> None:
    """The file, and what is kept beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        with suppress(OSError):
            file.unlink()
