"""Search by words in SQLite's FTS5: identifiers in their parts, any language, and only by words that tell.

A word that stands in half of all texts costs a walk through all of them and finds nothing. So each word of a
query is looked up only as far as `MOST_ROWS`, and the rarest are asked for, until they have so many rows
together.

What a person types never reaches FTS5 as syntax: a query is made of words (`core/words.py`), each in quotes.
A word is kept with the number of its scope before it, so that a search in one scope never walks through the
others.
"""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from core.words import words

MOST_ROWS = 1000
"""Weighing a row takes about 5 microseconds."""
MOST_WORDS = 24
"""Of a query: the longest, which are the rarest as a rule."""
MOST_LOOKUPS = 400
"""Words times scopes."""
QUERY_CHARACTERS = 16_384
TEXT_WORDS = 40_000
"""Of a text: what stands behind them is not found by words."""


@dataclass(frozen=True)
class FullText:
    """The table `<prefix>_words`: one row for each text, under the number the caller gives.

    Nothing here begins or ends a transaction.
    """

    prefix: str

    @property
    def statements(self) -> tuple[str, ...]:
        """What makes the table."""
        made = f"CREATE VIRTUAL TABLE {self.prefix}_words USING fts5(words, tokenize = 'porter ascii')"
        return (made,)  # to the tokenizer `ascii`, every character that is not ASCII is a letter

    def put(self, connection: sqlite3.Connection, row: int, text: str, scope: int) -> None:
        """`row` must be free."""
        spelled = " ".join(_kept(word, scope) for word in islice(words(text), TEXT_WORDS))
        connection.execute(f"INSERT INTO {self.prefix}_words (rowid, words) VALUES (?, ?)", (row, spelled))

    def remove(self, connection: sqlite3.Connection, row: int) -> None:
        connection.execute(f"DELETE FROM {self.prefix}_words WHERE rowid = ?", (row,))

    def tidy(self, connection: sqlite3.Connection) -> None:
        """Write the table anew: of what was removed nothing is left. Takes seconds for a million rows."""
        connection.execute(f"INSERT INTO {self.prefix}_words ({self.prefix}_words) VALUES ('optimize')")

    def search(
        self, connection: sqlite3.Connection, text: str, count: int, scopes: Collection[int]
    ) -> list[int]:
        """The rows in `scopes` that fit the words of `text` best, best first.

        Rows of equal worth come in the order of their numbers. Where every word of the text stands nearly
        everywhere, they are the newest with the rarest of them.
        """
        asked = _query_words(text)[: max(1, MOST_LOOKUPS // max(1, len(scopes)))]
        kept = [_kept(word, scope) for word in asked for scope in sorted(scopes)]
        found = sorted(
            ((word, rows) for word in kept if (rows := self._frequency(connection, word))),
            key=lambda found: (found[1], found[0]),
        )
        if not found:
            return []
        order = "bm25" if found[0][1] < MOST_ROWS else "newest"
        return self._rows(connection, _rarest(found), count, order)

    def search_among(
        self, connection: sqlite3.Connection, text: str, count: int, scope: int, rows: str, *values: object
    ) -> list[int]:
        """Of the rows that the query `rows` selects with these `values`, those that fit best, best first."""
        match = " OR ".join(f'"{_kept(word, scope)}"' for word in _query_words(text))
        query = (
            f"SELECT rowid FROM {self.prefix}_words WHERE {self.prefix}_words MATCH ? AND rowid IN ({rows})"
            f" ORDER BY bm25({self.prefix}_words), rowid LIMIT ?"
        )
        found = connection.execute(query, (match, *values, count)) if match else ()
        return [int(row[0]) for row in found]

    def _frequency(self, connection: sqlite3.Connection, word: str) -> int:
        """In how many rows it stands, counted up to `MOST_ROWS`."""
        counted = (
            f"SELECT count(*) FROM (SELECT rowid FROM {self.prefix}_words"
            f" WHERE {self.prefix}_words MATCH ? LIMIT {MOST_ROWS})"
        )
        return int(connection.execute(counted, (f'"{word}"',)).fetchone()[0])

    def _rows(
        self, connection: sqlite3.Connection, asked: Sequence[str], count: int, order: str
    ) -> list[int]:
        by = {"bm25": f"bm25({self.prefix}_words), rowid", "newest": "rowid DESC"}[order]
        query = (
            f"SELECT rowid FROM {self.prefix}_words WHERE {self.prefix}_words MATCH ? ORDER BY {by} LIMIT ?"
        )
        match = " OR ".join(f'"{word}"' for word in asked)
        return [int(row[0]) for row in connection.execute(query, (match, count))]


def _query_words(text: str) -> list[str]:
    """Each once, the longest first."""
    return sorted(set(words(text[:QUERY_CHARACTERS])), key=lambda word: (-len(word), word))[:MOST_WORDS]


def _rarest(found: Sequence[tuple[str, int]]) -> list[str]:
    """As many as have `MOST_ROWS` rows together, and always the first."""
    taken, total = [found[0][0]], found[0][1]
    for word, rows in found[1:]:
        total += rows
        if total > MOST_ROWS:
            break
        taken.append(word)
    return taken


def _kept(word: str, scope: int) -> str:
    return f"{scope}x{word}"  # no vowel: the stem of a word is the same with it and without
