"""Search by words in SQLite's FTS5: identifiers in their parts, any language, and only by words that tell.

A word that stands in half of all texts costs a walk through all of them and finds nothing. So each word of a
query is looked up only as far as `MOST_ROWS`, and the rarest are asked for, until they have so many rows
together.

What a person types never reaches FTS5 as syntax: a query is made of words (`core/words.py`), each in quotes.
A word is kept with the number of its scope before it, so that a search in one scope never walks through the
others.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from math import log
from typing import NamedTuple

from core.words import words

MOST_ROWS = 1000
"""Weighing a row takes about 5 microseconds."""
MOST_WORDS = 24
"""Of a query: the longest, which are the rarest as a rule."""
MOST_LOOKUPS = 12_000
"""Words times scopes: each takes 20 microseconds. A session has two scopes."""
QUERY_CHARACTERS = 16_384
TEXT_WORDS = 40_000
"""Of a text: what stands behind them is not found by words."""


class Found(NamedTuple):
    """A word that stands in a scope."""

    rows: int
    together: int
    """Rows with it in all scopes that are searched."""
    word: str
    scope: int


@dataclass(frozen=True)
class FullText:
    """The table `<prefix>_words`: one row for each text, under the number the caller gives.

    Nothing here begins or ends a transaction.
    """

    prefix: str
    is_packed: bool = False
    """Whether the words themselves are not kept, but only where they stand: half of the room."""

    @property
    def statements(self) -> tuple[str, ...]:
        """What makes the table."""
        content = ", content = ''" if self.is_packed else ""
        options = f"tokenize = 'porter ascii'{content}"  # to `ascii`, what is not ASCII is a letter
        return (f"CREATE VIRTUAL TABLE {self.prefix}_words USING fts5(words, {options})",)

    def put(self, connection: sqlite3.Connection, row: int, text: str, scope: int) -> None:
        """`row` must be free."""
        insert = f"INSERT INTO {self.prefix}_words (rowid, words) VALUES (?, ?)"
        connection.execute(insert, (row, _spelled(text, scope)))

    def remove(self, connection: sqlite3.Connection, row: int, text: str, scope: int) -> None:
        """`text` and `scope` are those that were put there."""
        if self.is_packed:  # FTS5 has to be told what it shall forget
            delete = (
                f"INSERT INTO {self.prefix}_words ({self.prefix}_words, rowid, words) VALUES ('delete', ?, ?)"
            )
            connection.execute(delete, (row, _spelled(text, scope)))
        else:
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
        found = self._found(connection, asked, scopes)
        if not found:
            return []
        if found[0].rows == MOST_ROWS:
            return [row for row, _ in self._rows(connection, found[:1], "0.0", "rowid DESC", count)]
        taken, bm25 = _rarest(found), f"bm25({self.prefix}_words)"
        if len(scopes) == 1:
            return [row for row, _ in self._rows(connection, taken, bm25, f"{bm25}, rowid", count)]
        worth = dict(self._rows(connection, taken, bm25, "rowid", MOST_ROWS))
        corrected = self._corrections(connection, taken)
        return sorted(worth, key=lambda row: (worth[row] * corrected[row], row))[:count]

    def _found(
        self, connection: sqlite3.Connection, asked: Sequence[str], scopes: Collection[int]
    ) -> list[Found]:
        """Those of these words that stand somewhere, the rarest first."""
        rows = {(word, scope): self._frequency(connection, word, scope) for word in asked for scope in scopes}
        together = Counter[str]()
        for (word, _), count in rows.items():
            together[word] += count
        return sorted(
            Found(count, together[word], word, scope) for (word, scope), count in rows.items() if count
        )

    def _corrections(self, connection: sqlite3.Connection, taken: Sequence[Found]) -> Mapping[int, float]:
        """Of each row: by what to multiply its bm25, to which a word is rare that is in all rows of a small
        scope.
        """
        (total,) = connection.execute(f"SELECT max(id) FROM {self.prefix}_words_docsize").fetchone()
        right, taken_for = defaultdict[int, float](float), defaultdict[int, float](float)
        for each in taken:
            told, bm25 = _telling(each.together, total), _telling(each.rows, total)
            for row, _ in self._rows(connection, [each], "0.0", "rowid", MOST_ROWS):
                right[row] += told
                taken_for[row] += bm25
        return {row: right[row] / taken_for[row] for row in right}

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

    def _frequency(self, connection: sqlite3.Connection, word: str, scope: int) -> int:
        """In how many rows it stands, counted up to `MOST_ROWS`."""
        counted = (
            f"SELECT count(*) FROM (SELECT rowid FROM {self.prefix}_words"
            f" WHERE {self.prefix}_words MATCH ? LIMIT {MOST_ROWS})"
        )
        return int(connection.execute(counted, (f'"{_kept(word, scope)}"',)).fetchone()[0])

    def _rows(
        self, connection: sqlite3.Connection, asked: Sequence[Found], worth: str, order: str, count: int
    ) -> list[tuple[int, float]]:
        """Rows with one of these words, and what `worth` says of them."""
        query = (
            f"SELECT rowid, {worth} FROM {self.prefix}_words WHERE {self.prefix}_words MATCH ?"
            f" ORDER BY {order} LIMIT ?"
        )
        match = " OR ".join(f'"{_kept(each.word, each.scope)}"' for each in asked)
        return list(connection.execute(query, (match, count)))


def _query_words(text: str) -> list[str]:
    """Each once, the longest first."""
    return sorted(set(words(text[:QUERY_CHARACTERS])), key=lambda word: (-len(word), word))[:MOST_WORDS]


def _rarest(found: Sequence[Found]) -> list[Found]:
    """As many as have `MOST_ROWS` rows together, and always the first."""
    totals = accumulate(each.rows for each in found)
    return [each for each, total in zip(found, totals, strict=True) if total <= MOST_ROWS]


def _telling(rows: int, total: int) -> float:
    """As bm25 does it."""
    return max(1e-6, log(max(0, total - rows) + 0.5) - log(rows + 0.5))


def _spelled(text: str, scope: int) -> str:
    """The words of a text as they are kept."""
    return f" {_kept('', scope)}".join(["", *islice(words(text), TEXT_WORDS)])


def _kept(word: str, scope: int) -> str:
    return f"{scope}x{word}"  # no vowel: the stem of a word is the same with it and without
