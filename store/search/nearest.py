"""The vectors of one model that are most like a query. Imported when somebody first searches by meaning."""

import sqlite3
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from threading import Event

import numpy as np

from store.search.derived_file import remove_derived
from store.search.graph import LEAST_ROWS, Graph, grown, is_there
from store.search.held import Floats, Held, Numbers
from store.search.sign_file import read_signs, write_signs
from store.search.signs import BLOCK, MOSTLY, SignTable, bits_of, no_signs
from store.search.vectors import MOST_HELD, Model, Row, VectorTable

CANDIDATES = 250
"""Whose vectors are compared: of the best ten of 50,000 real texts, 997 in 1,000 are among them."""
SAMPLE = 16


@dataclass
class Nearest:
    """The vectors of one model, searched as they are now.

    Up to `MOST_HELD` are held in memory and compared with the query one and all. When there are more, it is
    `behind`: all of them have to go to the file of signs (`in_order`). What is added later is held beside it,
    until it is too much again.
    """

    table: VectorTable
    model: Model
    path: Path
    """Of the file of signs. It is derived: whoever deletes it loses a few seconds."""
    most_held: int = MOST_HELD
    behind: bool = False
    """Whether the newest search could not look at all there is."""
    least_graph: int = LEAST_ROWS
    """From so many on a graph leads to the candidates, where usearch is installed."""
    _graph: Graph | None = None
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
            numbers = signs.candidates(query, max(CANDIDATES, 2 * count), list(scopes), self._graph).tolist()
            rows = self.table.rows(connection, self.model, numbers)
            self.behind = self.behind or len(rows) < MOSTLY * len(numbers)  # the others were removed
            found += self._of(rows).best(query, count, scopes)
        return sorted(found, key=lambda scored: (-scored[1], scored[0]))[:count]

    def put_in_order(self, connection: sqlite3.Connection) -> None:
        """For whoever has no other thread."""
        if made := self.in_order(connection, Event()):
            self.take(made)

    def in_order(self, connection: sqlite3.Connection, given_up: Event) -> SignTable | None:
        """All that is there now, and nothing else, in the file: to be taken. None when it was given up.

        It changes nothing of this object, so that another thread may do it with a connection of its own. What
        the file has already stays as it is.
        """
        signs = self._signs or self._believed(connection)
        made = self._of_those_there(signs, connection)
        ids, scopes, bits = [made.ids[:0]], [made.scopes[:0]], [made.bits(made.ids[:0])]
        filed = _last(signs.ids, 0)
        while rows := self.table.after(connection, self.model, filed, BLOCK):
            if given_up.is_set():
                return None
            slice_ = self._of(rows)
            ids.append(slice_.ids)
            scopes.append(slice_.scopes)
            bits.append(bits_of(slice_.vectors))
            filed = rows[-1][0]
        made = made.with_rows(np.concatenate(ids), np.concatenate(scopes), np.concatenate(bits))
        return self._written(made, connection)

    def keep_order(self, connection: sqlite3.Connection) -> None:
        """Of vectors that were removed nothing is left in the file, and the others stay in their order.

        A file that cannot be believed or written anew is removed.
        """
        signs = self._believed(connection)
        kept = self._of_those_there(signs, connection)
        if not len(kept.ids) or (kept is not signs and self._filed(kept) is None):
            remove_derived(self.path)

    def take(self, signs: SignTable) -> None:
        """Search in these from now on."""
        self._signs, self._held = signs, self._of([])
        self._seen, self.behind = None, False

    @property
    def wants_graph(self) -> bool:
        """Whether there should be one, or more in it: `grown_graph` makes it, which takes minutes."""
        if self._signs is None or len(self._signs.ids) < self.least_graph or not is_there():
            return False
        return self._graph is None or self._graph.lags(self._signs)

    def grown_graph(self, given_up: Event) -> Graph | None:
        """A graph with some more rows, to be taken; None when it was given up. For any thread."""
        assert self._signs is not None
        try:
            return grown(self._graph, self._graph_path, self._signs, given_up, self.model)
        except (RuntimeError, MemoryError):  # it goes on without
            self.least_graph = sys.maxsize
            return None

    def take_graph(self, graph: Graph) -> None:
        self._graph = graph

    @property
    def _graph_path(self) -> Path:
        return self.path.with_suffix(".graph")

    def _written(self, made: SignTable, connection: sqlite3.Connection) -> SignTable:
        """As it is in the file, or, where the disk is full, in memory."""
        if not len(made.ids) or (filed := self._filed(made)) is None:
            return made
        if self._of_those_there(filed, connection) is not filed:  # somebody removed one meanwhile
            self.keep_order(connection)
            return self._read() or no_signs(self.model.dimensions)
        return filed

    def _filed(self, made: SignTable) -> SignTable | None:
        """None when it cannot be written: the file is as it was."""
        with suppress(OSError):
            write_signs(self.path, made, model=self.model.name, dimensions=self.model.dimensions)
            return self._read() or made
        return None

    def _of_those_there(self, signs: SignTable, connection: sqlite3.Connection) -> SignTable:
        """`signs` itself when none of these vectors was removed."""
        there = np.fromiter(self.table.numbers(connection, self.model, 0), np.int64)
        kept = np.isin(signs.ids, there)
        return signs if kept.all() else signs.only(kept)

    def _up_to_date(self, connection: sqlite3.Connection) -> SignTable:
        if self._signs is None:
            self._signs = self._believed(connection)
            self._held = self._of([])
        now = (int(connection.execute("PRAGMA data_version").fetchone()[0]), connection.total_changes)
        if now != self._seen:
            self._look_after(connection, _last(self._signs.ids, 0))
            self._seen = now
        return self._signs

    def _look_after(self, connection: sqlite3.Connection, filed: int) -> None:
        """Hold what is new, as much as may be, and let go of what was removed."""
        there = self.table.count(connection, self.model, filed)
        self.behind = there > self.most_held
        room = self.most_held - len(self._held.ids)
        new = self.table.after(connection, self.model, _last(self._held.ids, filed), max(0, room))
        if new:
            self._held = self._held.joined(self._of(new))
        if there != len(self._held.ids):
            last = _last(self._held.ids, filed)
            numbers = takewhile(
                lambda number: number <= last, self.table.numbers(connection, self.model, filed)
            )
            self._held = self._held.only(np.fromiter(numbers, np.int64))

    def _of(self, rows: Sequence[Row]) -> Held:
        return Held.of(rows, self.model.dimensions, is_packed=self.table.is_packed)

    def _believed(self, connection: sqlite3.Connection) -> SignTable:
        """What the file holds, if it is one of this database as it is now."""
        signs = self._read()
        if signs is None or int(signs.ids[-1]) > self.table.last_given(connection):
            return no_signs(self.model.dimensions)
        places = np.linspace(0, len(signs.ids) - 1, min(SAMPLE, len(signs.ids))).astype(np.int64)
        place_of = dict(zip(signs.ids[places].tolist(), places.tolist(), strict=True))
        sample = self._of(self.table.rows(connection, self.model, list(place_of)))
        if not len(sample.ids):
            return no_signs(self.model.dimensions)
        filed = signs.bits(np.array([place_of[number] for number in sample.ids.tolist()]))
        differing = np.bitwise_count(filed ^ bits_of(sample.vectors)).sum(axis=1)
        fits = differing <= filed.shape[1]  # a bit in 64: another numpy may round another way
        return signs if fits.all() else no_signs(self.model.dimensions)

    def _read(self) -> SignTable | None:
        return read_signs(self.path, model=self.model.name, dimensions=self.model.dimensions)


def _last(numbers: Numbers, otherwise: int) -> int:
    return int(numbers[-1]) if len(numbers) else otherwise
