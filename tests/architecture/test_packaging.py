"""Our eight packages are the ones beside cli.py: from a checkout, after an install, and with strangers about."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from boot.version import VERSION

ROOT = Path(__file__).parents[2]
PACKAGES = ("boot", "core", "flow", "gate", "model", "servr", "store", "tool")
PRINT_LOCATIONS = (
    "import importlib, json; "
    f"print(json.dumps({{name: importlib.import_module(name).__file__ for name in {PACKAGES!r}}}))"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A fresh venv that sees our dependencies, but not our checkout."""
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    (site_packages(folder) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_an_editable_install_is_imported_from_the_checkout_in_any_folder(tmp_path: Path) -> None:
    assert locations(sys.executable, "-c", PRINT_LOCATIONS, cwd=tmp_path) == {ROOT}


def test_cli_py_imports_its_own_neighbours_though_strangers_bear_their_names(
    stranger: Path, tmp_path: Path
) -> None:
    for name in PACKAGES:
        (site_packages(stranger) / name).mkdir()
        (site_packages(stranger) / name / "__init__.py").touch()
    as_cli_does = f"import runpy; runpy.run_path({str(ROOT / 'cli.py')!r}, run_name='cli'); {PRINT_LOCATIONS}"

    assert locations(python_of(stranger), "-c", PRINT_LOCATIONS, cwd=tmp_path) == {site_packages(stranger)}
    assert locations(python_of(stranger), "-c", as_cli_does, cwd=tmp_path) == {ROOT}


def test_a_wheel_brings_every_package_and_the_command(wheel: Path, stranger: Path, tmp_path: Path) -> None:
    install(wheel, stranger)

    found = locations(python_of(stranger), "-c", PRINT_LOCATIONS, cwd=tmp_path)
    version = run(str(Path(python_of(stranger)).with_name("roost")), "--version", cwd=tmp_path)

    assert found == {site_packages(stranger)}
    assert (site_packages(stranger) / "cli.py").is_file()
    assert version == f"roost {VERSION}\n"


def test_a_wheel_holds_every_file_of_ours_that_is_not_a_test(wheel: Path, stranger: Path) -> None:
    install(wheel, stranger)

    ours = {
        file.relative_to(ROOT) for name in PACKAGES for file in (ROOT / name).rglob("*") if is_shipped(file)
    }

    assert {file.as_posix() for file in ours if not (site_packages(stranger) / file).is_file()} == set()


def is_shipped(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts


def install(wheel: Path, target: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--python", python_of(target), "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel), cwd=target)


def locations(*command: str, cwd: Path) -> set[Path]:
    """The folders that hold the eight packages, as that interpreter sees it."""
    return {Path(file).parents[1] for file in json.loads(run(*command, cwd=cwd)).values()}


def run(*command: str, cwd: Path) -> str:
    environment = {**os.environ, "ROOST_NO_SETUP": "1"}
    finished = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def python_of(folder: Path) -> str:
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def site_packages(folder: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
