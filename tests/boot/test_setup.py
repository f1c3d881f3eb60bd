"""Set-up of a small checkout with a build backend of its own, so that real venv and real pip run without an index."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from boot.setup import require_modules, set_up_or_explain
from boot.stamp import Checkout
from core.errors import ConfigError
from tests.processes import wait_until

LIMIT_SECONDS = 240
PACKAGES = ("boot", "core", "flow", "gate", "model", "servr", "store", "tool")
BASE_PYTHON = os.path.realpath(sys.executable)  # outside of any venv
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "small"
version = "1"
"""

BACKEND = """
import zipfile

INFO = "small-1.dist-info"
METADATA = "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\nProvides-Extra: shell\\nProvides-Extra: dev\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_editable(folder, settings=None, metadata=None):
    name = "small-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr(f"{INFO}/METADATA", METADATA + EXTRA_METADATA)
        wheel.writestr(f"{INFO}/WHEEL", WHEEL)
        wheel.writestr(f"{INFO}/RECORD", "")
    return name


def get_requires_for_build_editable(settings=None):
    return []


EXTRA_METADATA = ""
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "constraints.txt").write_text("# nothing\n")
    return tmp_path


@pytest.mark.slow
def test_set_up_makes_the_venv_once_and_says_so_in_two_lines(root: Path) -> None:
    said: list[str] = []

    first = set_up_or_explain(str(root), "shell", said.append)
    again = set_up_or_explain(str(root), "shell", said.append)

    assert (first, again) == (0, 0)
    assert said[0] == f"Setting up once: installing Roost (shell) into {root / '.venv'} ..."
    assert said[1].startswith("Set up in ")
    assert len(said) == 2
    assert Checkout(str(root)).is_current("shell")


@pytest.mark.slow
def test_a_new_lock_sets_up_again_and_keeps_the_extras_and_the_venv(root: Path) -> None:
    set_up_or_explain(str(root), "dev", lambda line: None)
    (root / ".venv/mine.txt").touch()
    (root / "constraints.txt").write_text("# other\n")

    code = set_up_or_explain(str(root), "shell", lambda line: None)

    assert code == 0
    assert json.loads((root / ".venv/roost-stamp.json").read_text())["extras"] == [
        "code",
        "data",
        "dev",
        "shell",
        "web",
    ]
    assert Checkout(str(root)).is_current("dev")
    assert (root / ".venv/mine.txt").exists()


@pytest.mark.slow
def test_what_pip_says_is_shown_when_it_fails_and_no_stamp_is_left(root: Path) -> None:
    said: list[str] = []
    with (root / "backend.py").open("a") as file:
        file.write('EXTRA_METADATA = "Requires-Dist: no-such-thing\\n"\n')

    code = set_up_or_explain(str(root), "shell", said.append)

    assert code == 2
    assert said[-1].startswith(
        "Set-up failed: pip install ended with status 1. Mend what it says and start again:\n"
    )
    assert "No matching distribution found for no-such-thing" in said[-1]
    assert Checkout(str(root)).stamp() is None


@pytest.mark.slow
def test_what_breaks_off_once_is_tried_once_more(root: Path) -> None:
    said: list[str] = []
    with (root / "backend.py").open("a") as file:
        file.write('import pathlib\nif not pathlib.Path("tried").exists():\n')
        file.write('    pathlib.Path("tried").touch()\n    raise ConnectionError\n')

    code = set_up_or_explain(str(root), "shell", said.append)

    assert (code, said[1]) == (0, "pip failed; trying once more ...")
    assert Checkout(str(root)).is_current("shell")


@pytest.mark.slow
def test_a_set_up_that_was_killed_is_begun_again_from_nothing(root: Path) -> None:
    with (root / "backend.py").open("a") as file:
        file.write('import pathlib, time\npathlib.Path("building").touch()\n')
        file.write('while pathlib.Path("hold").exists():\n    time.sleep(0.1)\n')
    (root / "hold").touch()
    process = start_set_up(root)
    wait_until((root / "building").exists, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (root / "hold").unlink()
    assert Checkout(str(root)).stamp() is None
    (root / ".venv/half").touch()

    code = set_up_or_explain(str(root), "shell", lambda line: None)

    assert code == 0
    assert Checkout(str(root)).is_current("shell")
    assert not (root / ".venv/half").exists()


@pytest.mark.slow
def test_two_at_once_set_up_once(root: Path) -> None:
    processes = [start_set_up(root), start_set_up(root)]

    said = sorted(process.communicate(timeout=LIMIT_SECONDS)[1] for process in processes)

    assert [process.returncode for process in processes] == [0, 0]
    assert "".join(said).count("Setting up once") == 1
    assert Checkout(str(root)).is_current("shell")


@pytest.mark.slow
def test_a_venv_whose_interpreter_went_away_is_made_afresh(root: Path) -> None:
    set_up_or_explain(str(root), "shell", lambda line: None)
    Path(Checkout(str(root)).python).unlink()

    code = set_up_or_explain(str(root), "shell", lambda line: None)

    assert code == 0
    assert Checkout(str(root)).is_current("shell")


@pytest.mark.slow
def test_a_checkout_sets_itself_up_on_the_first_start_and_hands_over(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shutil.copy(Path(cli.HERE, "cli.py"), root)
    for name in PACKAGES:
        shutil.copytree(Path(cli.HERE, name), root / name, ignore=shutil.ignore_patterns("__pycache__"))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    command = [BASE_PYTHON, str(root / "cli.py"), "--help"]

    first = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=LIMIT_SECONDS)
    second = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=LIMIT_SECONDS)

    assert [line.split(" ")[:2] for line in first.stderr.splitlines()] == [
        ["roost:", "Setting"],
        ["roost:", "Set"],
    ]
    assert (first.returncode, second.returncode, second.stderr) == (0, 0, "")
    assert "--workspace" in first.stdout
    assert first.stdout == second.stdout


def test_a_missing_module_is_one_line_with_the_mend() -> None:
    with pytest.raises(ConfigError) as caught:
        require_modules(("venv", "no_such_module"))

    assert str(caught.value) == (
        f"This Python ({sys.executable}) lacks the module 'no_such_module', which set-up needs. "
        "Install it (Debian, Ubuntu: sudo apt install python3-venv) and start again."
    )


def test_an_old_python_reads_a_sentence() -> None:
    assert cli.refusal((3, 8)) == (
        "roost: this is Python 3.8, and Roost needs 3.11 or newer. Install one, then: python3.11 cli.py\n"
    )
    assert cli.refusal((3, 11)) == ""
    ast.parse(Path(cli.__file__).read_text(encoding="utf-8"), feature_version=(3, 5))


def start_set_up(root: Path) -> subprocess.Popen[str]:
    code = f"import sys; from boot.setup import set_up_or_explain as go; sys.exit(go({str(root)!r}, 'shell'))"
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=cli.HERE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
