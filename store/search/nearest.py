"""The vectors of one model that are most like a query. Imported when somebody first searches by meaning."""

import sqlite3
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from store.search.held import Floats, Held
from store.search.sign_file import read_signs, write_signs
from store.search.signs import BLOCK, SignTable, bits_of, no_signs
from store.search.vectors import Model, VectorTable

MOST_HELD = 20_000
CANDIDATES = 250
"""Whose vectors are compared: of the best ten of 50,000 real texts, 997 in 1,000 are among them."""
MOSTLY = 0.75
SAMPLE = 16


@dataclass
class Nearest:
    """The vectors of one model, searched as they are now.

    Up to `MOST_HELD` are held in memory and compared with the query one and all. When there are more, all of
    them go to the file of signs, and what is added later is held beside it, until it is too much again.
    """

    table: VectorTable
    model: Model
    path: Path
    """Of the file of signs. It is derived: whoever deletes it loses a few seconds."""
    most_held: int = MOST_HELD
    _seen: tuple[int, int] | None = None
    _signs: SignTable | None = None
    _held: Held = field(default_factory=lambda: Held.of([], 0))

    def search(
        self, connection: sqlite3.Connection, query: Floats, count: int, scopes: Collection[int]
    ) -> list[tuple[int, float]]:
        """Record and cosine of the best, best first; of equals, the lower record first."""
        signs = self._up_to_date(connection)
        found = self._held.best(query, count, scopes)
        if len(signs.ids):
            filed = self._filed(connection, signs, query, count, scopes)
            if filed is None:  # most of what the file has was removed
                filed = self._filed(connection, self._fold(connection, signs), query, count, scopes) or []
            found = sorted(found + filed, key=lambda scored: (-scored[1], scored[0]))[:count]
        return found

    def _filed(
        self,
        connection: sqlite3.Connection,
        signs: SignTable,
        query: Floats,
        count: int,
        scopes: Collection[int],
    ) -> list[tuple[int, float]] | None:
        """The best of those in the file; None when too few of the candidates are still there."""
        numbers = signs.candidates(query, max(CANDIDATES, 2 * count), list(scopes)).tolist()
        rows = self.table.rows(connection, self.model, numbers)
        if len(rows) < MOSTLY * len(numbers):
            return None
        return Held.of(rows, self.model.dimensions).best(query, count, scopes)

    def _up_to_date(self, connection: sqlite3.Connection) -> SignTable:
        if self._signs is None:
            self._signs = self._believed(connection)
            self._held = Held.of([], self.model.dimensions)
        now = (int(connection.execute("PRAGMA data_version").fetchone()[0]), connection.total_changes)
        if now != self._seen:
            self._signs = self._looked_after(connection, self._signs)
            self._seen = now
        return self._signs

    def _looked_after(self, connection: sqlite3.Connection, signs: SignTable) -> SignTable:
        """Hold what is new, and let go of what was removed."""
        filed = int(signs.ids[-1]) if len(signs.ids) else 0
        there = self.table.count(connection, self.model, filed)
        if there > self.most_held:
            return self._fold(connection, signs)
        last = int(self._held.ids[-1]) if len(self._held.ids) else filed
        new = self.table.after(connection, self.model, last, self.most_held)
        if new:
            self._held = self._held.joined(Held.of(new, self.model.dimensions))
        if there < len(self._held.ids):
            self._held = self._held.only(
                np.fromiter(self.table.numbers(connection, self.model, filed), np.int64)
            )
        return signs

    def _fold(self, connection: sqlite3.Connection, signs: SignTable) -> SignTable:
        """All that is there now into the file, and nothing else; what it has of it already stays as it is."""
        there = np.fromiter(self.table.numbers(connection, self.model, 0), np.int64)
        kept = np.isin(signs.ids, there)
        made = signs if kept.all() else signs.only(kept)
        filed = int(signs.ids[-1]) if len(signs.ids) else 0
        ids, scopes, bits = [made.ids[:0]], [made.scopes[:0]], [made.bits(made.ids[:0])]
        while rows := self.table.after(connection, self.model, filed, BLOCK):
            slice_ = Held.of(rows, self.model.dimensions)
            ids.append(slice_.ids)
            scopes.append(slice_.scopes)
            bits.append(bits_of(slice_.vectors))
            filed = int(slice_.ids[-1])
        made = made.with_rows(np.concatenate(ids), np.concatenate(scopes), np.concatenate(bits))
        self._held = Held.of([], self.model.dimensions)
        self._signs = made
        if len(made.ids):
            with suppress(OSError):  # a full disk: it stays in memory
                write_signs(self.path, made, model=self.model.name, dimensions=self.model.dimensions)
                self._signs = read_signs(self.path, model=self.model.name, dimensions=self.model.dimensions)
        return self._signs or made

    def _believed(self, connection: sqlite3.Connection) -> SignTable:
        """What the file holds, if it is one of this database as it is now."""
        signs = read_signs(self.path, model=self.model.name, dimensions=self.model.dimensions)
        if signs is None or int(signs.ids[-1]) > self.table.last_given(connection):
            return no_signs(self.model.dimensions)
        places = np.linspace(0, len(signs.ids) - 1, min(SAMPLE, len(signs.ids))).astype(np.int64)
        place_of = dict(zip(signs.ids[places].tolist(), places.tolist(), strict=True))
        sample = Held.of(self.table.rows(connection, self.model, list(place_of)), self.model.dimensions)
        if not len(sample.ids):
            return no_signs(self.model.dimensions)
        filed = signs.bits(np.array([place_of[number] for number in sample.ids.tolist()]))
        differing = np.bitwise_count(filed ^ bits_of(sample.vectors)).sum(axis=1)
        fits = differing <= filed.shape[1]  # a bit in 64: another numpy may round another way
        return signs if fits.all() else no_signs(self.model.dimensions)
