"""Measures how well code is found by what it is for: by words, by meaning, by both; one table.

python -m bench.code_quality [FUNCTIONS [QUERIES]]      2,700 and 300 by default: under a minute

Functions of the standard library and of what is installed beside Roost, without their docstrings; the
first line of a docstring is the query for its function. Functions and queries are drawn with a fixed seed.
"""

import ast
import asyncio
import random
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.tables import write
from core.arrays import load_numpy
from core.code import Chunk
from store.code_index import told
from store.database import Database, Migration
from store.search.index import HybridIndex
from store.search.searching import Searching

load_numpy()

FUNCTIONS, QUERIES, SEED = 2_700, 300, 7
MOST_FILES = 4_000
DEEP = 50
LEAST_WORDS, LEAST_LINES, MOST_CHARS = 4, 3, 1_500
INDEX = HybridIndex("bench", is_packed=True)
Ranking = Callable[[str], Sequence[int]]


@dataclass(frozen=True)
class Function:
    text: str
    """Its place, its name and its lines."""
    purpose: str
    """The first line of its docstring, which is not in the text."""


def main() -> None:
    counts = [int(each) for each in sys.argv[1:]] + [FUNCTIONS, QUERIES][len(sys.argv) - 1 :]
    asyncio.run(measured(*counts))


async def measured(count: int, queries: int) -> None:
    from gate.embedding.hashed import HashedEmbedder

    functions = drawn(count)
    asked = random.Random(SEED).sample(range(len(functions)), min(queries, len(functions)))
    write(f"{len(functions):,} functions, {len(asked)} queries", "R@1", "R@5", "R@10", "MRR", "ms a query")
    write(*("---",) * 6)
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        tables = Migration(name="bench", statements=INDEX.statements)
        database = Database.open(Path(folder) / "bench.sqlite", (tables,))
        searching = Searching(database, INDEX, HashedEmbedder())
        vectors = await searching.vectors([each.text for each in functions])
        with database.writing() as connection:
            for record, (each, vector) in enumerate(zip(functions, vectors, strict=True)):
                INDEX.put(connection, record, each.text, vector=vector)
        for name in ("words alone", "vectors alone", "both"):
            places, taken = list[int | None](), list[float]()
            for wanted in asked:
                began = perf_counter()
                found = await ranked(name, searching, functions[wanted].purpose)
                taken.append((perf_counter() - began) * 1e3)
                places.append(found.index(wanted) + 1 if wanted in found else None)
            write(name, *scores(places), f"{sorted(taken)[len(taken) // 2]:.1f}")
        database.close()


async def ranked(name: str, searching: Searching, query: str) -> Sequence[int]:
    if name == "both":
        return [hit.record for hit in (await searching.search(query, DEEP)).hits]
    with searching.database.reading() as connection:
        scopes = INDEX.scope_numbers(connection, None)
        if name == "words alone":
            return INDEX.words.search(connection, query, DEEP, scopes)
        [row] = await searching.embedder.embed([query])
        model = INDEX.vectors.model(connection, searching.embedder.model, len(row))
        assert model is not None
        return [record for record, _ in searching._nearest_of(model).search(connection, row, DEEP, scopes)]


def scores(places: Sequence[int | None]) -> Iterator[str]:
    for most in (1, 5, 10):
        yield f"{sum(place is not None and place <= most for place in places) / len(places):.3f}"
    yield f"{sum(1 / place for place in places if place) / len(places):.3f}"


def drawn(count: int) -> list[Function]:
    files = sorted(python_files())
    random.Random(SEED).shuffle(files)
    found = [function for file in files[:MOST_FILES] for function in functions_of(file)]
    found.sort(key=lambda each: each.text)
    random.Random(SEED).shuffle(found)
    seen: set[str] = set()
    unlike = [each for each in found if each.purpose not in seen and not seen.add(each.purpose)]
    return unlike[:count]


def python_files() -> Iterator[Path]:
    for place in ("stdlib", "purelib"):
        root = Path(sysconfig.get_path(place))
        yield from (
            file for file in root.rglob("*.py") if place == "purelib" or "site-packages" not in file.parts
        )


def functions_of(file: Path) -> Iterator[Function]:
    try:
        text = file.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (ValueError, SyntaxError, OSError, RecursionError):
        return
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (text := ast.get_docstring(node)):
            purpose, said = text.split("\n")[0].strip(), node.body[0]
            body = [*lines[node.lineno - 1 : said.lineno - 1], *lines[said.end_lineno or 0 : node.end_lineno]]
            if len(purpose.split()) >= LEAST_WORDS and len(body) >= LEAST_LINES:
                chunk = Chunk(1, len(body), "\n".join(body)[:MOST_CHARS], node.name)
                yield Function(told(file.name, chunk), purpose)


if __name__ == "__main__":
    main()
