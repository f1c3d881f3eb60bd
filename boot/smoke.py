"""The health checks of ./smoke_test.sh: `.venv/bin/python -m boot.smoke`, one line each.

Each check answers with what is wrong, or with nothing. The command line is tried as a stranger would: in a
new process, from another folder, with an empty home.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from boot.commands.doctor import PACKAGES, ROOT
from boot.stamp import Checkout
from boot.version import VERSION
from core.errors import AgentError

HEAVY = ("pydantic", "rich", "prompt_toolkit", "numpy", "httpx", "duckdb")
COMMAND_SECONDS = 120
"""The first start of all compiles every module, on a disk that has read none of them yet."""
SET_UP_AGAIN = "remove .venv and start ./smoke_test.sh again"
REPORT = "this is a bug: run the command in the title by hand and report what it prints"


@dataclass(frozen=True)
class Bench:
    """A folder with an empty home and a small workspace to try things in."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def roost(self, *arguments: str) -> CompletedProcess[str]:
        return self.python(str(ROOT / "cli.py"), *arguments)

    def offline(self, text: str, *more: str) -> CompletedProcess[str]:
        return self.roost("--offline", *more, "-p", text)

    def python(self, *arguments: str) -> CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AGENT_", "XDG_"))}
        home = str(self.folder / "home")
        environment = {**kept, "HOME": home, "USERPROFILE": home, "APPDATA": home, "LOCALAPPDATA": home}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )


@dataclass(frozen=True)
class Check:
    title: str
    wrong: Callable[[Bench], str]
    mend: str


def python_version(bench: Bench) -> str:
    return "" if sys.version_info >= (3, 11) else f"this is {sys.version.split()[0]}"


def stamp_is_current(bench: Bench) -> str:
    return "" if Checkout(str(ROOT)).is_current("dev") else "the stamp in .venv is missing or of another lock"


def versions_are_locked(bench: Bench) -> str:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return wrong_versions(text, importlib.metadata.version)


def wrong_versions(constraints: str, version_of: Callable[[str], str]) -> str:
    """What is not as it is locked; what stands behind a blank line need not be installed.

    Raises:
        PackageNotFoundError: something that stands before it is not.
    """
    always, _, beside = constraints.partition("\n\n")
    present = {name: version_of(name) for name in _locked(always)}
    for name in _locked(beside):
        with suppress(importlib.metadata.PackageNotFoundError):
            present[name] = version_of(name)
    locked = _locked(constraints)
    return ", ".join(f"{name} is {version}" for name, version in present.items() if version != locked[name])


def _locked(constraints: str) -> dict[str, str]:
    lines = constraints.splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def packages_are_ours(bench: Bench) -> str:
    code = f"import importlib; print([importlib.import_module(name).__path__[0] for name in {PACKAGES!r}])"
    found = bench.python("-c", code)
    expected = str([str(ROOT / name) for name in PACKAGES])
    return "" if found.stdout.strip() == expected else found.stdout + found.stderr


def prints(expected: str, *arguments: str) -> Callable[[Bench], str]:
    return lambda bench: missing_in(bench.roost(*arguments), expected)


def answers(expected: str, text: str) -> Callable[[Bench], str]:
    return lambda bench: missing_in(bench.offline(text), expected)


def missing_in(finished: CompletedProcess[str], expected: str) -> str:
    if finished.returncode != 0:
        return f"exit status {finished.returncode}: {last_line(finished.stderr)}"
    return (
        ""
        if expected.lower() in finished.stdout.lower()
        else f"{expected!r} is not in {finished.stdout[:200]!r}"
    )


def json_lines(bench: Bench) -> str:
    finished = bench.offline("What files are in the current directory?", "--json")
    types = [json.loads(line)["event"]["type"] for line in finished.stdout.splitlines()]
    ends_well = types[:1] == ["turn_started"] and types[-1:] == ["turn_finished"]
    return "" if ends_well else f"the events were {types}; {last_line(finished.stderr)}"


def sessions_are_kept(bench: Bench) -> str:
    return missing_in(bench.roost("sessions"), "current directory")


def danger_is_denied(bench: Bench) -> str:
    finished = bench.roost("why", "rm -rf /")
    told = finished.returncode in (0, 1) and "den" in finished.stdout.lower()
    return "" if told else f"exit status {finished.returncode}: {finished.stdout[:200]!r}"


def shell_grammar(bench: Bench) -> str:
    code = (
        "import tree_sitter, tree_sitter_bash; "
        "parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language())); "
        "print(parser.parse(b'ls | wc -l').root_node.children[0].type)"
    )
    return missing_in(bench.python("-c", code), "pipeline")


def workspace_is_writable(bench: Bench) -> str:
    with tempfile.NamedTemporaryFile(dir=ROOT / "workspace"):
        return ""


def doctor_speaks(bench: Bench) -> str:
    finished = bench.roost("doctor")
    told = finished.returncode in (0, 1, 3) and "python" in finished.stdout.lower()
    return "" if told else f"exit status {finished.returncode}: {last_line(finished.stderr)}"


def start_is_lean(bench: Bench) -> str:
    listing = bench.python("-X", "importtime", str(ROOT / "cli.py"), "--version").stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in listing}
    return ", ".join(sorted(imported.intersection(HEAVY)))


def headless_start_is_lean(bench: Bench) -> str:
    code = (
        "import runpy, sys; sys.argv = ['cli.py', '--offline', '-p', 'Hi']\n"
        f"try: runpy.run_path({str(ROOT / 'cli.py')!r}, run_name='__main__')\n"
        f"except SystemExit as end: print(end.code, sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    said = last_line(bench.python("-c", code).stdout)
    return "" if said == "0 []" else f"exit status and heavy modules: {said}"


CHECKS = (
    Check("Python is 3.11 or newer", python_version, "install a newer Python"),
    Check(".venv is what constraints.txt says", stamp_is_current, SET_UP_AGAIN),
    Check("every locked distribution is installed", versions_are_locked, SET_UP_AGAIN),
    Check("the eight packages lie beside cli.py", packages_are_ours, SET_UP_AGAIN),
    Check("the shell grammar is installed", shell_grammar, SET_UP_AGAIN),
    Check("workspace/ can be written to", workspace_is_writable, "give yourself the right to write there"),
    Check("cli.py --version", prints(VERSION, "--version"), REPORT),
    Check("cli.py --help", prints("--workspace", "--help"), REPORT),
    Check("cli.py settings", prints("max_steps", "settings"), REPORT),
    Check("cli.py --offline -p Hi", answers("offline", "Hi"), REPORT),
    Check(
        "cli.py --offline -p 'What files are in the current directory?'",
        answers("README.md", "What files are in the current directory?"),
        REPORT,
    ),
    Check(
        "cli.py --offline -p 'Read the README.md file'",
        answers("a small workspace", "Read the README.md file"),
        REPORT,
    ),
    Check("cli.py --json writes events, turn_started to turn_finished", json_lines, REPORT),
    Check("cli.py sessions lists what was said", sessions_are_kept, REPORT),
    Check("cli.py why 'rm -rf /' says that it is denied", danger_is_denied, REPORT),
    Check("cli.py doctor", doctor_speaks, REPORT),
    Check("a start imports nothing heavy", start_is_lean, "import it in the function that needs it"),
    Check("a headless turn imports nothing heavy", headless_start_is_lean, "import it where it is needed"),
)


def main() -> int:
    began = time.monotonic()
    with bench() as place:
        failures = sum(report(number, check, place) for number, check in enumerate(CHECKS, 1))
    print(f"{len(CHECKS) - failures} of {len(CHECKS)} health checks ok in {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


@contextmanager
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="roost-smoke-") as folder:
        place = Bench(Path(folder).resolve())
        place.workspace.mkdir()
        (place.workspace / "README.md").write_text("# Here\n\nThis is a small workspace.\n")
        yield place


def report(number: int, check: Check, place: Bench) -> bool:
    """Prints the line; true when the check failed."""
    try:
        wrong = check.wrong(place)
    except (AgentError, OSError, ValueError, KeyError, ImportError, subprocess.SubprocessError) as error:
        wrong = f"{type(error).__name__}: {error}"
    print(
        f"{number:>2} {check.title}: " + (f"FAILED: {wrong.strip()} ({check.mend})" if wrong else "ok"),
        flush=True,
    )
    return bool(wrong)


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


if __name__ == "__main__":
    sys.exit(main())
