import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripted_server import Recorded, Spoken, say
from tests.scripted_server.repository_task import DONE, NOT_DONE, WRONG, make_repository, repository_task


def after(result: str) -> Recorded:
    messages = [{"role": "tool", "tool_call_id": "c", "content": result}]
    return Recorded("POST", "/v1/chat/completions", {}, json.dumps({"messages": messages}).encode(), 0.0, 0.0)


def answer(step: int, result: str) -> Spoken:
    made = repository_task()[step]
    assert callable(made)
    spoken = made(after(result))
    assert isinstance(spoken, Spoken)
    return spoken


def called(spoken: Spoken) -> tuple[str, dict[str, object]]:
    (call,) = spoken.calls
    return call.name, json.loads(call.arguments)


def test_the_repository_is_committed_and_one_of_its_tests_fails(tmp_path: Path) -> None:
    make_repository(tmp_path)

    status = subprocess.run(
        ["git", "status", "--short"], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        check=False,
    )

    assert status == b""
    assert b"1 failed, 2 passed" in tests.stdout


def test_the_model_reads_the_file_that_was_found() -> None:
    found = "basket/prices.py\n  4: def total(prices: list[float], discount_percent: float = 0) -> float:"

    assert called(answer(3, found)) == ("read_file", {"path": "basket/prices.py"})


def test_the_model_mends_only_what_it_has_seen() -> None:
    name, arguments = called(answer(4, f"     6  {WRONG}"))

    assert (name, arguments["old"]) == ("edit_file", WRONG)
    assert not answer(4, "     6      return 0").calls


@pytest.mark.parametrize(
    ("result", "words"),
    [("3 passed in 0.01s", DONE), ("1 failed, 2 passed in 0.01s", NOT_DONE), ("killed", NOT_DONE)],
)
def test_the_model_says_done_only_when_the_tests_passed(result: str, words: str) -> None:
    spoken = answer(6, result)

    assert "".join(piece for piece in spoken.pieces if isinstance(piece, str)) == words


def test_the_model_stops_at_what_it_did_not_expect() -> None:
    assert answer(2, "pytest: command not found") == say("I did not expect this: pytest: command not found")
