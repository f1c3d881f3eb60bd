"""Searches the generated vectors with one other library: `python -m bench.other_indexes LIBRARY COUNT`.

Runs with the Python that has the library, and prints one line of JSON. Needs nothing of ours but
`bench.generated`.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from time import perf_counter

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402 - reads the environment

from bench.generated import DIMENSIONS, Floats, chunks, queries  # noqa: E402

QUERIES, NEAREST = 60, 10
FEW_QUERIES, MANY_ROWS = 20, 1_000_000
"""From so many rows on a search of some takes seconds."""
Search = Callable[[Floats], "list[int]"]


def main() -> None:
    library, count = sys.argv[1], int(sys.argv[2])
    began = perf_counter()
    search = LIBRARIES[library](count)
    built = perf_counter() - began
    asked = queries(QUERIES)[: FEW_QUERIES if count >= MANY_ROWS else QUERIES]
    found, taken = [search(asked[0])], []
    for query in asked:
        began = perf_counter()
        found.append(search(query))
        taken.append((perf_counter() - began) * 1000)
    sys.stdout.write(json.dumps({"build_seconds": built, "ms": taken, "found": found[1:]}) + "\n")


def faiss_flat(count: int) -> Search:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(DIMENSIONS)
    for rows in chunks(count):
        index.add(rows)
    return lambda query: index.search(query[None], NEAREST)[1][0].tolist()


def usearch_exact(count: int) -> Search:
    from usearch.index import search

    kept = np.concatenate([rows.astype(np.float16) for rows in chunks(count)])
    return lambda query: search(
        kept, query.astype(np.float16), NEAREST, "ip", exact=True, threads=1
    ).keys.tolist()


def usearch_graph(count: int) -> Search:
    from usearch.index import Index

    index = Index(ndim=DIMENSIONS, metric="ip", dtype="f16")
    for number, rows in enumerate(chunks(count)):
        index.add(np.arange(len(rows)) + number * 10_000, rows, threads=2)
    return lambda query: index.search(query, NEAREST, threads=1).keys.tolist()


def sqlite_vec(count: int) -> Search:
    import sqlite_vec as library

    connection = sqlite3.connect("")  # in a file that goes with it
    connection.enable_load_extension(True)
    library.load(connection)
    connection.execute(f"CREATE VIRTUAL TABLE kept USING vec0(e float[{DIMENSIONS}] distance_metric=cosine)")
    number = 0
    for rows in chunks(count):
        connection.executemany(
            "INSERT INTO kept (rowid, e) VALUES (?, ?)",
            [(number + place, row.tobytes()) for place, row in enumerate(rows)],
        )
        number += len(rows)
    query = f"SELECT rowid FROM kept WHERE e MATCH ? AND k = {NEAREST} ORDER BY distance"
    return lambda asked: [row[0] for row in connection.execute(query, (asked.tobytes(),))]


LIBRARIES: dict[str, Callable[[int], Search]] = {
    "faiss flat": faiss_flat,
    "usearch exact, f16": usearch_exact,
    "usearch graph, f16": usearch_graph,
    "sqlite-vec": sqlite_vec,
}

if __name__ == "__main__":
    main()
