"""A graph over the signs of more than a million vectors, where usearch is installed (the extra `vector`).

A walk through it finds those that differ in the fewest bits, and leaves the pass over all of them out. It is
derived from the signs, and lies in a file beside them. Who searches in few scopes, or has no usearch, goes on
with the pass.
"""

import importlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.search.derived_file import read_derived, remove_derived, write_derived
from store.search.signs import BLOCK, Bits, Numbers, SignTable
from store.search.vectors import Model

FORMAT = "roost graph 1"
LEAST_ROWS = 1_000_000
STEP = 200_000
"""Rows that are added before it is written: what an interruption costs at most, about a minute."""
MOST_LATE = 0.1
"""Of all rows: those that the graph does not know yet are passed over one by one."""
MOST_GONE = 0.25
SAMPLE = 16
LINKS, WIDTH_OF_ADDING, LEAST_WIDTH = 16, 128, 1000


@dataclass(frozen=True)
class Graph:
    index: Any
    """Of usearch."""
    reach: int
    """The highest number that it knows."""
    mapped: NDArray[np.uint8] | None = None
    """The file that `index` looks at, without keeping it open."""

    def near(self, query: Bits, count: int) -> Numbers:
        """Numbers of `count` rows that may differ from `query` in the fewest bits."""
        self.index.expansion_search = max(LEAST_WIDTH, count)
        numbers: Numbers = self.index.search(_bytes(query[None])[0], count, threads=1).keys.astype(np.int64)
        return numbers

    def lags(self, signs: SignTable) -> bool:
        late = len(signs.ids) - int(np.searchsorted(signs.ids, self.reach, "right"))
        return late > MOST_LATE * len(signs.ids) or self.has_gone(signs)

    def has_gone(self, signs: SignTable) -> bool:
        """Whether much of what it knows was removed."""
        left = int(np.searchsorted(signs.ids, self.reach, "right"))
        return len(self.index) - left > MOST_GONE * len(self.index)

    def fits(self, signs: SignTable) -> bool:
        """Whether it is one of these signs, as far as a sample tells."""
        known = int(np.searchsorted(signs.ids, self.reach, "right"))
        if not known or self.reach > int(signs.ids[-1]):
            return False
        places = np.unique(np.linspace(0, known - 1, min(SAMPLE, known)).astype(np.int64))
        kept = self.index.get(signs.ids[places].astype(np.uint64))
        expected = _bytes(signs.bits(places))
        return all(
            row is not None and np.array_equal(row, own) for row, own in zip(kept, expected, strict=True)
        )


@cache
def is_there() -> bool:
    return find_spec("usearch") is not None


def read_graph(path: Path, signs: SignTable, model: Model) -> Graph | None:
    """What is in the file; None when there is none, or it is damaged, or of other signs."""
    found = read_derived(path, _made_of(model)) if is_there() else None
    if found is None:
        return None
    head, body = found
    reach = head.get("reach")
    with suppress(RuntimeError, ValueError):
        index = _empty(signs)
        index.view(body)
        graph = Graph(index, reach if isinstance(reach, int) else 0, body)
        return graph if graph.fits(signs) else None
    return None


def grown(known: Graph | None, path: Path, signs: SignTable, given_up: Event, model: Model) -> Graph | None:
    """`known` with up to `STEP` rows more, put into the file. None when it was given up."""
    index, reach = _empty(signs), 0
    if known is not None and not known.has_gone(signs):
        index.load(known.index.save())
        reach = known.reach
    first = int(np.searchsorted(signs.ids, reach, "right"))
    last = min(first + STEP, len(signs.ids))
    for start in range(first, last, BLOCK):
        if given_up.is_set():
            return None
        places = np.arange(start, min(start + BLOCK, last))
        index.add(signs.ids[places].astype(np.uint64), _bytes(signs.bits(places)), threads=1)
    graph = Graph(index, int(signs.ids[last - 1]))
    head = {**_made_of(model), "reach": graph.reach}
    with suppress(OSError):  # a full disk: it stays in memory
        write_derived(path, head, [np.frombuffer(index.save(), np.uint8)])
        graph = read_graph(path, signs, model) or graph
    if given_up.is_set():  # perhaps because something was forgotten
        remove_derived(path)
        return None
    return graph


def _made_of(model: Model) -> dict[str, object]:
    return {
        **{"format": FORMAT, "library": version("usearch")},
        **{"model": model.name, "dimensions": model.dimensions},
    }


def _empty(signs: SignTable) -> Any:
    return importlib.import_module("usearch.index").Index(
        ndim=64 * signs.blocks.shape[1],
        metric="hamming",
        dtype="b1",
        connectivity=LINKS,
        expansion_add=WIDTH_OF_ADDING,
        expansion_search=LEAST_WIDTH,
    )


def _bytes(rows: Bits) -> NDArray[np.uint8]:
    """(n, words) as (n, bytes)."""
    return np.ascontiguousarray(rows.astype("<u8")).view(np.uint8)
