"""Measures searches of a memory of generated texts and vectors, beside those of other libraries; one table.

python -m bench.memory_search              10k and 100k records: about 15 minutes
python -m bench.memory_search 1000000      that many: about 40 minutes, 10 GB of disk and 6 GB of memory
python -m bench.memory_search 10000 --alone    without the others

The other libraries are installed once, in a venv of their own in the cache folder. One that does not load, or
whose index would take more than an hour to build, is left out and named.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.tables import write
from core.arrays import load_numpy

load_numpy()
import numpy as np  # noqa: E402 - with one thread

from bench.generated import DIMENSIONS, Floats, chunks, queries, texts  # noqa: E402
from bench.other_indexes import NEAREST, QUERIES  # noqa: E402
from store.database import Database, Migration  # noqa: E402
from store.search.held import vector_of  # noqa: E402
from store.search.index import HybridIndex  # noqa: E402
from store.search.searching import Searching  # noqa: E402

ROOT = Path(__file__).parents[1]
INDEX = HybridIndex("facts")
FORM = (Migration(name="facts", statements=INDEX.statements),)
BUDGETS = {100_000: "15", 1_000_000: "60"}
OTHERS = ("faiss-cpu==1.15.1", "usearch==2.26.6", "sqlite-vec==0.1.9", "numpy>=2.1")
LARGEST_GRAPH = 100_000
BATCH = 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory_search")
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--alone", action="store_true")
    chosen = parser.parse_args()
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, {DIMENSIONS} dimensions, {QUERIES} queries in turn\n")
    write("records", "what", "p50 (ms)", "p95 (ms)", "budget", "recall@10", "build (s)")
    write("---:", "---", *["---:"] * 5)
    for count in chosen.counts:
        with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
            truth = asyncio.run(measured(Path(folder), count))
        for row in [] if chosen.alone else others(count, truth):
            write(f"{count:,}", *row)


@dataclass
class Given:
    """The vectors that belong to the texts of the queries."""

    rows: dict[str, Floats]
    model: str = "generated"

    async def embed(self, texts: Sequence[str]) -> Floats:
        nothing = np.zeros(DIMENSIONS, np.float32)
        return np.stack([self.rows.get(text, nothing) for text in texts])

    async def close(self) -> None:
        """Nothing is open."""


async def measured(folder: Path, count: int) -> list[list[int]]:
    """Writes our rows; answers with the nearest of each query by an exact scan."""
    asked = list(texts(QUERIES, seed=1))
    embedder = Given(dict(zip((" ".join(text.split()[:8]) for text in asked), queries(QUERIES), strict=True)))
    database = Database.open(folder / "memory.sqlite", FORM)
    began = perf_counter()
    fill(database, count)
    filled = perf_counter() - began
    searching = Searching(database, INDEX, embedder)
    began = perf_counter()
    await searching.search(next(iter(embedder.rows)), NEAREST)
    first = perf_counter() - began
    truth, found = exact(count), []

    async def words_alone(text: str) -> None:
        with database.reading() as connection:
            INDEX.words.search(connection, text, 50, INDEX.scope_numbers(connection, None))

    async def vectors_alone(text: str) -> None:
        [nearest] = searching._nearest.values()
        with database.reading() as connection:
            scopes = INDEX.scope_numbers(connection, None)
            ranked = nearest.search(connection, embedder.rows[text], NEAREST, scopes)
        found.append([record for record, _ in ranked])

    async def whole(text: str) -> None:
        await searching.search(text, NEAREST)

    parts: list[tuple[str, Callable[[str], Awaitable[None]]]] = [
        ("Roost: the whole search", whole),
        ("- by words", words_alone),
        ("- by vectors", vectors_alone),
    ]
    for name, act in parts:
        taken = [await milliseconds(act, text) for text in embedder.rows]
        budget = BUDGETS.get(count, "") if act is whole else ""
        recalled = f"{recall(found, truth):.3f}" if act is vectors_alone else ""
        built = f"{filled:.0f} + {first:.1f}" if act is whole else ""
        write(f"{count:,}", name, *spread(taken), budget, recalled, built)
    database.close()
    return truth


def fill(database: Database, count: int) -> None:
    """Half of the records in each of two scopes."""
    record = 0
    spoken = texts(count)
    for rows in chunks(count):
        for start in range(0, len(rows), BATCH):
            with database.writing() as connection:
                for row in rows[start : start + BATCH]:
                    scope = ("", "project")[record % 2]
                    vector = vector_of("generated", row)
                    INDEX.put(connection, record, next(spoken), scope=scope, vector=vector)
                    record += 1


def exact(count: int) -> list[list[int]]:
    """Record numbers of the nearest of each query, of vectors as they are kept: 16-bit floats."""
    asked = queries(QUERIES)
    cosines = np.concatenate(
        [asked @ rows.astype(np.float16).astype(np.float32).T for rows in chunks(count)], axis=1
    )
    return [np.argsort(-row, kind="stable")[:NEAREST].tolist() for row in cosines]


async def milliseconds(act: Callable[[str], Awaitable[None]], text: str) -> float:
    began = perf_counter()
    await act(text)
    return (perf_counter() - began) * 1000


def spread(taken: Sequence[float]) -> tuple[str, str]:
    return f"{median(taken):.1f}", f"{sorted(taken)[int(len(taken) * 0.95)]:.1f}"


def recall(found: Sequence[Sequence[int]], truth: Sequence[Sequence[int]]) -> float:
    """Of the first queries, as many as were asked."""
    hits = sum(len(set(ours) & set(best)) for ours, best in zip(found, truth, strict=False))
    return hits / (len(found) * NEAREST)


def others(count: int, truth: Sequence[Sequence[int]]) -> Iterator[tuple[str, ...]]:
    python = installed()
    for library in ("faiss flat", "usearch exact, f16", "usearch graph, f16", "sqlite-vec"):
        if library == "usearch graph, f16" and count > LARGEST_GRAPH:
            yield library, "left out: it would take hours to build", "", "", "", ""
            continue
        told = asked_of(python, library, count) or asked_of(Path("/usr/bin/python3"), library, count)
        if told is None:
            yield library, "does not load here", "", "", "", ""
            continue
        yield (
            library,
            *spread(told["ms"]),
            "",
            f"{recall(told['found'], truth):.3f}",
            f"{told['build_seconds']:.0f}",
        )


def asked_of(python: Path, library: str, count: int) -> dict[str, list[float]] | None:
    site = next(installed().parents[1].glob("lib/python*/site-packages"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])}
    ran = subprocess.run(
        [python, "-m", "bench.other_indexes", library, str(count)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(ran.stdout) if ran.returncode == 0 else None


def installed() -> Path:
    """The Python of a venv with the other libraries; made when it is first needed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "roost-bench" / "indexes"
    python = folder / "bin" / "python"
    if not (folder / ".complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *OTHERS], check=True, stdout=sys.stderr)
        (folder / ".complete").touch()
    return python


if __name__ == "__main__":
    main()
