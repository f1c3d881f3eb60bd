"""Measures how many of the best ten are found among 50,000 real texts with the default embedder.

python -m bench.recall            a few minutes

The texts are those of this machine: functions and docstrings of the standard library and of installed
packages, and paragraphs of documentation and manual pages. Queries are 300 more of them, as a whole and by
their first 80 characters. What is found by way of the file of signs is compared with an exact scan of the
same vectors.
"""

import ast
import gzip
import random
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.tables import write
from core.arrays import load_numpy

load_numpy()
import numpy as np  # noqa: E402 - with one thread

from gate.embedding.hashed import HashedEmbedder, hashed_rows  # noqa: E402
from store.database import Database, Migration  # noqa: E402
from store.search.held import vector_of  # noqa: E402
from store.search.nearest import Nearest  # noqa: E402
from store.search.vectors import VectorTable  # noqa: E402

COUNT, QUERIES, NEAREST, BEGINNING = 50_000, 300, 10, 80
LEAST, LONGEST, LONGEST_FILE = 60, 2_000, 500_000
TABLE = VectorTable("texts")
FORM = (Migration(name="texts", statements=TABLE.statements),)


def main() -> None:
    texts = real_texts(COUNT + QUERIES)
    kept, whole = texts[:COUNT], texts[COUNT:]
    began = perf_counter()
    rows = np.concatenate([hashed_rows(kept[start : start + 256]) for start in range(0, COUNT, 256)])
    embedding = (perf_counter() - began) / COUNT
    print(f"{COUNT:,} texts, {embedding * 1e6:.0f} µs for the vector of one, {QUERIES} queries each\n")
    write("queries", "recall@10", "p50 (ms)", "exact scan, p50 (ms)")
    write("---", *["---:"] * 3)
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        database = Database.open(Path(folder) / "texts.sqlite", FORM)
        with database.writing() as connection:
            for record, row in enumerate(rows):
                TABLE.put(connection, record, 0, vector_of(HashedEmbedder.model, row))
        for name, asked in (("whole texts", whole), ("beginnings", [text[:BEGINNING] for text in whole])):
            write(name, *compared(database, Path(folder), asked))
        database.close()


def compared(database: Database, folder: Path, asked: list[str]) -> tuple[str, str, str]:
    with database.reading() as connection:
        model = TABLE.model(connection, HashedEmbedder.model, 1024)
        assert model is not None
        by_signs = Nearest(TABLE, model, folder / "texts.signs")
        exact = Nearest(TABLE, model, folder / "none.signs", most_held=10**9)
        queries = hashed_rows(asked)
        for nearest in (by_signs, exact):
            nearest.search(connection, queries[0], NEAREST, [0])
            if nearest.behind:
                nearest.put_in_order(connection)
        found, taken, scanning = 0, list[float](), list[float]()
        for query in queries:
            began = perf_counter()
            ours = by_signs.search(connection, query, NEAREST, [0])
            between = perf_counter()
            best = exact.search(connection, query, NEAREST, [0])
            scanning.append((perf_counter() - between) * 1000)
            taken.append((between - began) * 1000)
            found += sum(cosine >= best[-1][1] - 1e-5 for _, cosine in ours)  # of equals, any will do
    return f"{found / len(asked) / NEAREST:.4f}", f"{median(taken):.1f}", f"{median(scanning):.1f}"


def real_texts(count: int) -> list[str]:
    """Two fifths are paragraphs, where there are so many; in a fixed order for one machine."""
    folders = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")}
    code = {text for folder in folders for text in pieces_of_code(folder.rglob("*.py"))}
    prose = {text for folder in ("doc", "man") for text in paragraphs(Path("/usr/share", folder).rglob("*"))}
    chance = random.Random(1)
    shuffled = [chance.sample(sorted(found), len(found)) for found in (prose, code)]
    chosen = shuffled[0][: count * 2 // 5]
    chosen += shuffled[1][: count - len(chosen)]
    if len(chosen) < count:
        sys.exit(f"There are only {len(chosen):,} texts on this machine.")
    chance.shuffle(chosen)
    return chosen


def pieces_of_code(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        try:
            source = file.read_text(encoding="utf-8")
            tree, lines = ast.parse(source), source.splitlines()
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                told = ast.get_docstring(node) or ""
                if len(told) > LEAST:
                    yield told[:LONGEST]
                if not isinstance(node, ast.ClassDef):
                    yield "\n".join(lines[node.lineno - 1 : node.end_lineno])[:LONGEST]


def paragraphs(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        try:
            with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as opened:
                text = opened.read(LONGEST_FILE).decode(errors="replace")
        except (OSError, EOFError):
            continue
        yield from (piece[:LONGEST] for piece in text.split("\n\n") if len(piece) > LEAST)


if __name__ == "__main__":
    main()
