"""No path leads out of the workspace: each row of paths.toml, as root and as a normal user, judged by its effects."""

import json
import os
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.clocks import MANY_SECONDS

DRIVER = Path(__file__).with_name("driver.py")
ROOT = DRIVER.parents[3]
TABLE = tomllib.loads(DRIVER.with_name("paths.toml").read_text(encoding="utf-8"))
ROWS: list[dict[str, Any]] = TABLE["row"]
BENIGN: list[dict[str, Any]] = TABLE["benign"]
USERS = ["self", "nobody"]
STARTING = ("find_text", "data_view")
"""Tools that start processes."""
VERSION = tuple(sys.version_info[:2])

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MANY_SECONDS)]


@cache
def results(user: str) -> dict[str, dict[str, Any]]:
    return tried(user, [row for row in ROWS + BENIGN if user in row.get("only", [user])])


@cache
def without_guard() -> dict[str, dict[str, Any]]:
    return tried("self", [row | {"plainly": True} for row in ROWS if row.get("bare")])


def tried(user: str, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if user == "nobody" and os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    ran = subprocess.run(
        [sys.executable, str(DRIVER), user, python_of(user) or sys.executable],
        input="\n".join(map(json.dumps, rows)),
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "CANARY": "CANARY", "HOME": "/nowhere"},
        timeout=MANY_SECONDS - 300,
        check=False,
    )
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    ended = {"effects": [ran.stderr], "shown": "", "error": "no answer", "holds": {}}
    found += [ended] * (len(rows) - len(found))
    return {row["name"]: result for row, result in zip(rows, found, strict=True)}


@cache
def python_of(user: str) -> str:
    """An interpreter of our version that a user can start, with our own code; empty when there is none."""
    code = f"import sys; sys.path.append({str(ROOT)!r}); import core.beneath; sys.exit(sys.version_info[:2] != {VERSION})"
    who = {"user": 65534, "group": 65534, "extra_groups": []} if user == "nobody" else {}
    for program in (sys.executable, "/usr/bin/python3"):
        try:
            if not subprocess.run(
                [program, "-c", code], timeout=60, stderr=subprocess.DEVNULL, **who
            ).returncode:
                return program
        except OSError:
            pass
    return ""


def result_of(row: dict[str, Any], user: str) -> dict[str, Any]:
    if user not in row.get("only", [user]):
        pytest.skip(f"{user} cannot prepare it")
    if row["tool"] in STARTING and not python_of(user):
        pytest.skip(f"{user} has no Python of our version to start")
    return results(user)[row["name"]]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_an_attempt_has_no_effect(row: dict[str, Any], user: str) -> None:
    result = result_of(row, user)

    assert result["effects"] == [], result["shown"]


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("bare")], ids=lambda row: row["name"])
def test_the_same_attempt_has_an_effect_without_a_guard(row: dict[str, Any]) -> None:
    if os.getuid() != 0 and "self" not in row.get("only", ["self"]):
        pytest.skip("only root can prepare it")

    assert without_guard()[row["name"]]["effects"] != []


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("row", BENIGN, ids=lambda row: row["name"])
def test_what_has_to_work_works(row: dict[str, Any], user: str) -> None:
    result = result_of(row, user)

    assert result["error"] == ""
    assert row.get("shows", "") in result["shown"]
    assert result["holds"] == row.get("holds", {})
