"""One SQLite file, opened safely: private, shared by processes, brought up to date, and never overwritten.

    <data>/roost.sqlite      what is asked across sessions, and cannot be made again
    <cache>/….sqlite         what can be made again: a file of its own, opened the same way

A file that is damaged, newer than this program or somebody else's is a `StoreError`, and stays as it is.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import TypeVar

from core.errors import StoreError
from core.values import utc_now, value
from store.private import FILE_MODE, make_private_folder, new_private_file

ROOST = 0x526F6F73
"""Stands in the header of our files: whose they are."""
OLDEST = (3, 37)
"""Of SQLite: the first with STRICT tables."""
PAGE_BYTES = 16_384
"""Of a new file. A vector takes two thousand: a usual page would hold one and waste the other half."""
PATIENCE_SECONDS = 10.0
RETRY_SECONDS = 0.02
TABLE_OF_MIGRATIONS = (
    "CREATE TABLE migrations (name TEXT NOT NULL PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID"
)

T = TypeVar("T")


@value
class Migration:
    """One step of a file's form. What was released once is never changed, only followed by another."""

    name: str
    """Kept in the file."""
    statements: tuple[str, ...]
    """All of them are carried out, or none."""


class Database:
    """An open file. Any thread may use it; they take turns."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = RLock()

    @classmethod
    def open(
        cls, path: Path, migrations: Sequence[Migration], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> "Database":
        """The file at `path`, made if there is none, with all these `migrations`.

        Args:
            path: in a folder of the user's own; what is missing of that is made.
            migrations: all that there are for this file, oldest first.
            patience_seconds: how long another process may keep the file to itself.

        Raises:
            StoreError: it cannot be opened, is damaged, newer, or not Roost's; it was not changed.
        """
        if sqlite3.sqlite_version_info < OLDEST:
            said = f"{str(path)!r} needs SQLite 3.37, and this Python brings {sqlite3.sqlite_version}."
            raise StoreError(said, hint="Use a newer Python.")
        with _told_as_ours(path), ExitStack() as if_it_fails:
            _make_private(path)
            connection = sqlite3.connect(
                path, timeout=patience_seconds, isolation_level=None, check_same_thread=False
            )
            connection.text_factory = _text
            if_it_fails.callback(connection.close)
            _bring_up_to_date(connection, path, migrations, patience_seconds)
            if_it_fails.pop_all()
        return cls(path, connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to ask: all that it answers is of one moment, whatever others write meanwhile.

        Raises StoreError when the file fails.
        """
        with self._lock, _told_as_ours(self.path):
            if self._connection.in_transaction:
                yield self._connection
                return
            with self._connection:
                self._connection.execute("BEGIN")
                yield self._connection

    @contextmanager
    def reading_aside(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, for a long look from another thread: nobody has to wait for its end."""
        with (
            _told_as_ours(self.path),
            closing(sqlite3.connect(self.path, timeout=PATIENCE_SECONDS, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA query_only = ON").close()
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction: kept at its end, or undone when an error leaves it.

        Raises:
            StoreError: the file fails, or another process keeps it to itself for too long.
        """
        with self._lock, _told_as_ours(self.path), transaction(self._connection):
            yield self._connection

    def empty_the_journal(self) -> None:
        """Write all that is kept into the file itself: what was forgotten is then in neither."""
        with self._lock, _told_as_ours(self.path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _text(kept: bytes) -> str:
    """A bit that fell over costs one character, and not all that stands beside it."""
    return kept.decode("utf-8", "replace")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what is written within it. Nobody else writes meanwhile."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # one that begins by reading cannot wait when it comes to write
        yield


def _make_private(path: Path) -> None:
    """The file, and its folder, for their owner alone. SQLite gives its journal the same rights."""
    try:
        make_private_folder(path.parent)
        with suppress(FileExistsError):
            new_private_file(path).close()
        if os.name == "posix" and path.stat().st_mode & 0o077:
            # By its name: whoever closes a file that SQLite has open in this process ends SQLite's locks.
            with suppress(PermissionError):
                path.chmod(FILE_MODE)
    except OSError as error:
        said = f"{str(path)!r} cannot be made ({error.strerror or error})."
        raise StoreError(said, hint="See to the rights of its folder, and to room on the disk.") from error


def _bring_up_to_date(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration], patience_seconds: float
) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}").close()  # it says nothing to a file that is there
    with connection:  # before anything is written, and in one look: others may be making the tables
        connection.execute("BEGIN")
        missing = _missing(connection, path, migrations)
    for setting in ("synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}").close()
    _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchall(), patience_seconds)
    if not missing:
        return
    with transaction(connection):
        missing = _missing(connection, path, migrations)  # another process may have been faster
        if missing and not _has_tables(connection):
            connection.execute(f"PRAGMA application_id = {ROOST}").close()
            connection.execute(TABLE_OF_MIGRATIONS)
        for migration in missing:
            _carry_out(connection, path, migration)
            row = (migration.name, utc_now().isoformat(timespec="seconds"))
            connection.execute("INSERT INTO migrations VALUES (?, ?)", row)


def _carry_out(connection: sqlite3.Connection, path: Path, migration: Migration) -> None:
    """Raises StoreError where the file is not as the migrations before it have left it."""
    try:
        for statement in migration.statements:
            connection.execute(statement)
    except sqlite3.Error as error:
        if _kind(error) != sqlite3.SQLITE_ERROR:
            raise
        said = f"{str(path)!r} cannot be brought up to date: {error}."
        raise StoreError(said, hint=_DAMAGED) from error


def _missing(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]
) -> Sequence[Migration]:
    """The migrations that the file has not seen. Raises StoreError for a file that is none of ours."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if owner != ROOST:
        if owner or _has_tables(connection):
            raise StoreError(
                f"{str(path)!r} is not a file of Roost.", hint="Move it away: it is left as it is."
            )
        return migrations
    with closing(connection.execute("SELECT name FROM migrations")) as rows:
        seen = {name for (name,) in rows}
    if newer := sorted(seen - {migration.name for migration in migrations}):
        said = f"{str(path)!r} was written by a newer Roost: this one does not know {newer[0]!r}."
        raise StoreError(said, hint="Update Roost. The file is left as it is.")
    return [migration for migration in migrations if migration.name not in seen]


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _patiently(act: Callable[[], T], patience_seconds: float) -> T:
    """For what SQLite does not wait with by itself, such as a change of the journal's kind."""
    waited = 0.0
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if _kind(error) != sqlite3.SQLITE_BUSY or waited >= patience_seconds:
                raise
        time.sleep(RETRY_SECONDS)
        waited += RETRY_SECONDS  # as SQLite counts it: a machine that stalls has not waited


@contextmanager
def _told_as_ours(path: Path) -> Iterator[None]:
    """What is wrong with the file, as a person can act on it; a mistake in a statement flies as it is."""
    try:
        yield
    except sqlite3.Error as error:
        hint = _HINTS.get(_kind(error))
        if hint is None:
            raise
        raise StoreError(f"{str(path)!r} cannot be used: {error}.", hint=hint) from error
    except UnicodeDecodeError as error:  # SQLite quotes what it cannot read
        raise StoreError(f"{str(path)!r} cannot be used.", hint=_DAMAGED) from error


def _kind(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_DAMAGED = (
    "It is damaged, and left as it is: move it away to begin anew, or rescue it with sqlite3's .recover."
)
_RIGHTS = "See to the rights of the file and of its folder."
_HINTS = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: "Another process keeps it to itself: try again when that has ended.",
    sqlite3.SQLITE_LOCKED: "Another process keeps it to itself: try again when that has ended.",
    sqlite3.SQLITE_FULL: "Make room on the disk.",
    sqlite3.SQLITE_IOERR: "Is the disk full, or going bad?",
    sqlite3.SQLITE_READONLY: _RIGHTS,
    sqlite3.SQLITE_CANTOPEN: _RIGHTS,
    sqlite3.SQLITE_PERM: _RIGHTS,
}
