"""SQL over a file of the workspace, by the extra `data`, in a process that can be stopped."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from core.errors import ToolError, ToolTimedOut
from core.sandbox import Command, CommandResult, Limits
from core.tools import ToolServices

WORKER = Path(__file__).with_name("table_worker.py")
OUR_CORE = str(WORKER.parents[1] / "core")
WALL_SECONDS = 60.0
MOST_ROWS = 200
MOST_CHARS = 40_000
KEPT_CHARS = 2_000_000
MOST_ERROR_CHARS = 600


@dataclass(frozen=True)
class Answer:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    has_more: bool


async def answers_of(
    services: ToolServices, path: Path, form: str, queries: Sequence[str], options: Mapping[str, str]
) -> list[Answer]:
    """The answers to SELECTs from the table `data`, which duckdb's reader for `form` makes of the file.

    Raises:
        ToolError: duckdb is not installed, a query is wrong or takes too long.
    """
    request = {
        "root": str(services.workspace.real_root),
        "name": services.workspace.name_of(path),
        "form": form,
        "options": dict(options),
        "queries": queries,
        "packages": _packages(),
        "core": OUR_CORE,
        "most_rows": MOST_ROWS,
        "most_chars": MOST_CHARS,
    }
    result = await services.sandbox.run(
        Command(argv=(sys.executable, "-I", "-X", "utf8", str(WORKER), json.dumps(request)), cwd=path.parent),
        replace(services.sandbox.policy, writable=(), hosts=()),
        Limits(wall_seconds=WALL_SECONDS, kept_chars=KEPT_CHARS),
    )
    return _said(result)


def _packages() -> str:
    found = find_spec("duckdb")
    if found is None or found.origin is None:
        raise ToolError(
            "SQL and Parquet need duckdb, which is not installed.",
            hint="The user can: pip install 'roost[data]'",
        )
    return str(Path(found.origin).parent.parent)


def _said(result: CommandResult) -> list[Answer]:
    if result.timed_out:
        raise ToolTimedOut(
            f"The query took more than {WALL_SECONDS:.0f} s.", hint="Ask for less: filter, aggregate, LIMIT."
        )
    try:
        said = json.loads(result.head + result.tail)
    except ValueError as error:
        told = (result.head + result.tail)[-MOST_ERROR_CHARS:].strip()
        raise ToolError(f"The query ended without an answer: {told}", hint="Ask for less.") from error
    if wrong := said.get("error", "").partition("\n\nLINE 1: CREATE")[0].strip():
        raise ToolError(f"The query failed: {wrong[:MOST_ERROR_CHARS]}", hint="Mend it; the table is data.")
    return [
        Answer(tuple(answer["columns"]), tuple(map(tuple, answer["rows"])), answer["has_more"])
        for answer in said["answers"]
    ]
