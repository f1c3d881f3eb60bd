"""Measures what code search costs in a large tree: a walk, the first index, a call after a change; one table.

python -m bench.code_tree [FILES]    20,000 by default: some ten minutes, and 4 GB for temporary files

The tree is made of the Python files of the standard library and of what is installed beside Roost, each as
often as needed, with other names in each copy. `git ls-files` and, if there is one, `rg --files` list it too.
"""

import asyncio
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from bench.code_quality import python_files
from bench.tables import write
from core.arrays import load_numpy
from core.tools import ToolContext
from core.workspace import Workspace
from tests.tool.filing import services_at
from tool.find_code import FindCode
from tool.ignore import Folder, Walk

load_numpy()

FILES, ROUNDS = 20_000, 5
MOST_BYTES = 200_000
QUERIES = ("parse the arguments of a command line", "open a socket", "compress bytes", "getLogger", "a lock")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        root = Path(folder).resolve() / "tree"
        size = make(root, count)
        write(f"{count:,} files, {size / 1e6:,.0f} MB", "s", "beside")
        write(*("---",) * 3)
        walks(root)
        asyncio.run(searches(root, Path(folder)))


def make(root: Path, count: int) -> int:
    sources = [file for file in sorted(python_files()) if file.stat().st_size <= MOST_BYTES]
    size = 0
    for number in range(count):
        copy, place = divmod(number, len(sources))
        text = sources[place].read_text(encoding="utf-8", errors="replace")
        text = re.sub(r"\b(def|class) (\w+)", rf"\1 \2_{copy}" if copy else r"\1 \2", text)
        file = root / f"part{copy}" / f"folder{place // 40}" / f"{sources[place].stem}_{place}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        size += len(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return size


def walks(root: Path) -> None:
    def ours() -> object:
        folder = Folder.at(root, Workspace(root), root / ".roost" / "artifacts")
        return sum(1 for _ in Walk(folder, seconds=600.0).files())

    beside = [
        f"git ls-files {seconds(lambda: listed('git', '-C', root, 'ls-files', '-co', '--exclude-standard'))}"
    ]
    if shutil.which("rg"):
        beside.append(f"rg --files {seconds(lambda: listed('rg', '--files', root))}")
    write("the walk, median of 5", seconds(ours), ", ".join(beside))


def listed(*command: object) -> object:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout


def seconds(work: Callable[[], object]) -> str:
    taken = []
    for _ in range(ROUNDS):
        began = perf_counter()
        work()
        taken.append(perf_counter() - began)
    return f"{sorted(taken)[ROUNDS // 2]:.2f}"


async def searches(root: Path, folder: Path) -> None:
    from gate.embedding.hashed import HashedEmbedder
    from store.code_index import CodeIndexFile

    path = folder / "index" / "code.sqlite"
    index = await asyncio.to_thread(CodeIndexFile.open, path, HashedEmbedder())
    tool = FindCode(replace(services_at(root), code_index=lambda: index), seconds=7_200.0)
    cpu, began = processor_seconds(), perf_counter()
    await asked(tool, QUERIES[0])
    write(
        "first index, and a search",
        f"{perf_counter() - began:.1f}",
        f"{processor_seconds() - cpu:.0f} s of CPU",
    )
    bytes_kept = sum(file.stat().st_size for file in path.parent.iterdir())
    write("kept on the disk", "", f"{len(index.definitions()):,} definitions, {bytes_kept / 1e6:,.0f} MB")
    await asyncio.sleep(2.5)  # what changed a moment ago is read again
    await asked(tool, QUERIES[0])
    write("a call when nothing changed, median of 5", await median(tool, QUERIES, lambda number: None), "")
    files = [root / name for name in sorted(index.states())]

    def change(number: int) -> None:
        files[number * 7].write_text(f"def a_new_function_{number}():\n    return {number}\n")

    write("a call after one change, median of 5", await median(tool, QUERIES, change), "")
    began = perf_counter()
    await tool.map("", ".", lambda text: None)
    write("a map", f"{perf_counter() - began:.2f}", "")
    own, workers = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    write(
        "peak memory", "", f"{own / 1e3:,.0f} MB, and {workers / 1e3:,.0f} MB of the process that cuts files"
    )
    await asyncio.to_thread(index.close)


async def median(tool: FindCode, queries: Sequence[str], before: Callable[[int], None]) -> str:
    taken = []
    for number, query in enumerate(queries):
        before(number)
        began = perf_counter()
        await asked(tool, query)
        taken.append(perf_counter() - began)
    return f"{sorted(taken)[len(taken) // 2]:.2f}"


async def asked(tool: FindCode, query: str) -> str:
    return (await tool.run(tool.args(query=query), ToolContext(call_id="1"))).text


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
