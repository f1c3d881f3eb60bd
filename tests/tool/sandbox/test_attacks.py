"""Nothing gets out: each row of attacks/*.toml, under each back-end, as root and as a normal user."""

import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.clocks import MANY_SECONDS
from tests.processes import has_ended
from tests.tool.sandbox.area import ARGUMENT, CANARY, Area, Tried, areas, survivors, tried, why_not

FILES = sorted(Path(__file__).with_name("attacks").glob("*.toml"))
ROWS: list[dict[str, Any]] = [row for file in FILES for row in tomllib.loads(file.read_text())["row"]]
MOST_CHARS = 61_000
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MANY_SECONDS)]


@dataclass(frozen=True)
class Attempt:
    reached: list[str]
    output: str


@cache
def attempts(backend: str, user: str) -> dict[str, Attempt | str]:
    """What came of each row, or why it was not tried."""
    chosen = {row["name"]: row for row in ROWS if may_try(row, backend, user)}
    if reason := why_not(backend, user):
        return {row["name"]: reason for row in ROWS}
    found: dict[str, Attempt | str] = {row["name"]: "too dangerous here, if it succeeded" for row in ROWS}
    with areas([row.get("project", "plain") for row in chosen.values()], user) as where:
        results = tried(list(chosen.values()), where, backend, user)
        for name, area, result in zip(chosen, where, results, strict=True):
            found[name] = Attempt(effects(chosen[name], area, result), result.output + result.note)
    return found


def may_try(row: dict[str, Any], backend: str, user: str) -> bool:
    return bool(row.get("bare")) if backend == "none" else user in row.get("only", [user])


def effects(row: dict[str, Any], area: Area, result: Tried) -> list[str]:
    """What the row reached: files, listeners, processes, secrets; and what it left running."""
    found = area.reached()
    secrets = (CANARY, ARGUMENT, row.get("secret", CANARY))
    found += [f"printed: {secret}" for secret in secrets if secret in result.output]
    found += ["kept too much of its output"] if len(result.output) > MOST_CHARS else []
    return found + [f"still runs: {pid}" for pid in survivors(area) if not has_ended(pid)]


@pytest.mark.parametrize("user", ["nobody", "self"])
@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_an_attempt_to_get_out_has_no_effect(row: dict[str, Any], backend: str, user: str) -> None:
    before = CORE_PATTERN.read_text()

    attempt = attempts(backend, user)[row["name"]]

    if isinstance(attempt, str):
        pytest.skip(attempt)
    known = row.get("weak", {})
    weak = known.get(backend) or known.get(f"{backend} {user}", "")
    assert (attempt.reached != []) == bool(weak), (attempt, weak)
    assert CORE_PATTERN.read_text() == before


@pytest.mark.parametrize("user", ["nobody", "self"])
@pytest.mark.parametrize("row", [row for row in ROWS if row.get("bare")], ids=lambda row: row["name"])
def test_the_same_attempt_has_an_effect_where_nothing_holds_it(row: dict[str, Any], user: str) -> None:
    attempt = attempts("none", user)[row["name"]]

    if isinstance(attempt, str):
        pytest.skip(attempt)
    assert attempt.reached, attempt


def test_no_two_rows_have_one_name() -> None:
    names = [row["name"] for row in ROWS]

    assert len(set(names)) == len(names)


def test_a_process_that_is_left_would_be_found() -> None:
    with areas(["pointer"], "self") as (area,):
        left = subprocess.Popen(["sleep", "336"], env=dict(area.environment))
        try:
            assert survivors(area) == [left.pid]
        finally:
            left.kill()
            left.wait()
