"""Measures what undo costs: a call that names its path, and looks at the workspace; one table.

python -m bench.undo            about a minute on a quiet machine
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from bench.measure import spread
from bench.tables import write
from boot.session_files import SessionFiles
from core.events import Event
from core.messages import ToolCall
from core.workspace import Workspace
from store.looking import Look
from store.pending import Pending

CALLS, ROUNDS = 200, 5
FILES = (200, 2_000, 20_000)
CONTENT = "".join(f"value_{number} = {number}\n" for number in range(200))
COMMIT = (
    "-c",
    "user.name=B",
    "-c",
    "user.email=b@localhost",
    "-c",
    "commit.gpgsign=false",
    "commit",
    "-qm",
    "all",
)


def main() -> None:
    write("what", "ms", "budget")
    write(*("---",) * 3)
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        calls = asyncio.run(writing(Path(folder)))
    write("added to a call that names its path", spread(calls, digits=2), "within the 8 of a step")
    for count in FILES:
        with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
            looks(Path(folder), count)
    sys.stdout.write(
        "\nLooks are taken before and after a command, off the loop, and not part of a step's budget.\n"
    )


async def writing(folder: Path) -> Sequence[float]:
    """Around calls that change one file of 4 kB each; the change itself is left out."""
    files = files_of(folder)
    checkpoints, path = files.checkpoints(), folder / "work" / "a.py"
    taken: list[float] = []

    async def tell(event: Event) -> None:
        """Nobody listens."""

    for number in range(CALLS):
        call = ToolCall(id=f"call-{number}", name="write_file", arguments="{}")
        began = perf_counter()
        async with checkpoints.around(call, {"path": "a.py"}, tell):
            inside = perf_counter()
            path.write_text(f"number = {number}\n{CONTENT}")
            inside = perf_counter() - inside
        taken.append((perf_counter() - began - inside) * 1000)
    files.close()
    return taken


def looks(folder: Path, count: int) -> None:
    files = files_of(folder)
    for number in range(count):
        path = folder / "work" / f"d{number // 1000}" / f"e{number % 1000 // 50}" / f"f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"number = {number}\n{CONTENT}")
    looker = files.checkpoints().looker
    look = timed(f"first look, {count:,} files, no git", looker.look)
    for arguments in (("init", "-q"), ("config", "gc.auto", "0"), ("add", "-A"), COMMIT, ("gc", "-q")):
        subprocess.run(["git", *arguments], cwd=folder / "work", check=True, capture_output=True)
    looker.git.close()
    timed(f"first look, {count:,} files, all clean in git", looker.look)
    again = [measured(lambda: looker.look(look))[0] for _ in range(ROUNDS)]
    write(f"further look, {count:,} files", spread(again, digits=1), "")
    pending = Pending("call", look)
    timed(f"writing down what was there, {count:,} files", lambda: files.checkpoints().file.write(pending))
    files.close()


def timed(what: str, work: Callable[[], Look | None]) -> Look:
    taken, found = measured(work)
    write(what, f"{taken:.1f}", "")
    return found or Look()


def measured(work: Callable[[], Look | None]) -> tuple[float, Look | None]:
    began = perf_counter()
    found = work()
    return (perf_counter() - began) * 1000, found


def files_of(folder: Path) -> SessionFiles:
    (folder / "work").mkdir()
    return SessionFiles("bench", Workspace(folder / "work"), folder / "checkpoints")


if __name__ == "__main__":
    main()
