"""What people do in projects works under each back-end, as root and as a normal user."""

import shutil
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.clocks import MANY_SECONDS
from tests.tool.sandbox.area import GIT, Tried, areas, tried, why_not

ROWS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("builds.toml").read_text())["row"]
AUTHOR = "".join(f"export {name}={value!r}\n" for name, value in GIT.items() if "CONFIG" not in name)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MANY_SECONDS)]


@cache
def builds(backend: str, user: str) -> dict[str, Tried | str]:
    """What came of each row, or why it was not tried."""
    found: dict[str, Tried | str] = {row["name"]: why_not_tried(row, backend, user) for row in ROWS}
    rows = [row | {"script": AUTHOR + row["script"]} for row in ROWS if not found[row["name"]]]
    with areas([row.get("project", "plain") for row in rows], user) as where:
        for row, result in zip(rows, tried(rows, where, backend, user), strict=True):
            found[row["name"]] = result
    return found


def why_not_tried(row: dict[str, Any], backend: str, user: str) -> str:
    if missing := [name for name in row.get("needs", ()) if shutil.which(name) is None]:
        return f"not installed: {missing}"
    if user == "nobody" and not {"pytest", "cargo"}.isdisjoint(row.get("needs", ())):
        return "installed where others may not enter: in the tests' own Python, in a home"
    if backend == "landlock" and "reduced" in row:
        return str(row["reduced"])
    return why_not(backend, user)


@pytest.mark.parametrize("user", ["nobody", "self"])
@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_it_works_in_a_sandbox(row: dict[str, Any], backend: str, user: str) -> None:
    result = builds(backend, user)[row["name"]]

    if isinstance(result, str):
        pytest.skip(result)
    assert row["shows"] in result.output, result
    assert result.note == ""
