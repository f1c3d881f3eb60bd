"""A small package with a failing test, and a scripted model that mends it.

The model reads what its tools answer: it looks for the function, reads the file that
was found, and says that it is done only when the tests that it ran have passed.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.scripted_server.recorded import Recorded
from tests.scripted_server.replies import Spoken, Step, call, say

PROMPT = "The test suite fails. Find out why, mend the package and show that the tests pass."
DONE = "total() now takes the discount off as a percentage. All tests pass."
NOT_DONE = "The tests still fail."
WRONG = "    return sum(prices) - discount_percent"
RIGHT = "    return sum(prices) * (100 - discount_percent) / 100"

FILES = {
    ".gitignore": "__pycache__/\n.pytest_cache/\n.roost/\n",
    "README.md": "# basket\n\nPrices of a shopping basket.\n",
    "pyproject.toml": '[project]\nname = "basket"\nversion = "0.1.0"\n\n[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "basket/__init__.py": "",
    "basket/prices.py": f'''"""What a basket costs."""


def total(prices: list[float], discount_percent: float = 0) -> float:
    """The sum of `prices` less the discount."""
{WRONG}


def dearest(prices: list[float]) -> float:
    return max(prices)
''',
    "tests/test_prices.py": """from basket.prices import dearest, total


def test_total_without_discount() -> None:
    assert total([20.0, 30.0]) == 50.0


def test_total_with_discount() -> None:
    assert total([20.0, 30.0], discount_percent=10) == 45.0


def test_dearest() -> None:
    assert dearest([20.0, 30.0]) == 30.0
""",
}


def make_repository(folder: Path) -> None:
    """Writes the package below `folder` and commits it."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    author = ("-c", "user.name=Basket", "-c", "user.email=basket@localhost", "-c", "commit.gpgsign=false")
    for arguments in (
        ("init", "-q"),
        ("add", "-A"),
        (*author, "commit", "-q", "-m", "basket: prices of a basket"),
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


def repository_task(python: str = "python") -> Sequence[Step]:
    """The model, step by step; `python` is the interpreter it runs the tests with."""
    tests = call("shell", command=f"{python} -m pytest -q", timeout_seconds=60)

    def look_for_the_function(request: Recorded) -> Spoken:
        return (
            call("find_text", pattern="def total", glob="*.py")
            if _newest(request, "1 failed")
            else _stop(request)
        )

    def read_what_was_found(request: Recorded) -> Spoken:
        found = re.search(r"[\w/]+\.py", request.tool_results[-1])
        return call("read_file", path=found[0]) if found else _stop(request)

    def mend(request: Recorded) -> Spoken:
        if not _newest(request, WRONG.strip()):
            return _stop(request)
        return call("edit_file", path="basket/prices.py", old=WRONG, new=RIGHT)

    def judge(request: Recorded) -> Spoken:
        passed = _newest(request, "3 passed") and not _newest(request, "failed")
        return say(DONE[:20], DONE[20:]) if passed else say(NOT_DONE)

    return (
        call("list_files", path="."),
        tests,
        look_for_the_function,
        read_what_was_found,
        mend,
        tests,
        judge,
    )


def _newest(request: Recorded, text: str) -> bool:
    return text in request.tool_results[-1]


def _stop(request: Recorded) -> Spoken:
    return say(f"I did not expect this: {request.tool_results[-1][:300]}")
