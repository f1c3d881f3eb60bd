"""The installed command against the scripted model server, as a person would run it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_server import ScriptedServer

CLI = Path(__file__).parents[2] / "cli.py"
LIMIT_SECONDS = 60
UNNAMED_MODEL = ("--model", "")
"""No model is named: all that the server can tell of its own is known before the first request."""


@dataclass(frozen=True)
class Run:
    """What one headless run left."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def records(self) -> Sequence[Mapping[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def events(self) -> Sequence[Mapping[str, Any]]:
        return [record["event"] for record in self.records]

    def of(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def outcome(self) -> str:
        return str(self.events[-1].get("outcome"))

    @property
    def last_words(self) -> str:
        replies = self.of("model_replied")
        parts = replies[-1]["reply"]["parts"] if replies else []
        return "".join(part["text"] for part in parts if part["kind"] == "text")


RunCli = Callable[..., Run]
Roost = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """That of a new user: an empty home, and nothing set for the agent."""
    home = tmp_path / "home"
    home.mkdir()
    folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "ROOST_NO_SETUP": "1", **folders}


def cli_command(server: ScriptedServer, workspace: Path, prompt: str, *flags: str) -> Sequence[str]:
    return [
        *(sys.executable, str(CLI), "-p", prompt, "--json", "--url", server.url, "--model", "m"),
        *("--workspace", str(workspace), "--permission", "full", "--sandbox", "external", *flags),
    ]


@pytest.fixture
def run_cli(workspace: Path, environment: Mapping[str, str]) -> RunCli:
    def run(server: ScriptedServer, prompt: str, *flags: str) -> Run:
        finished = ran(cli_command(server, workspace, prompt, *flags), workspace, environment)
        return Run(finished.returncode, finished.stdout, finished.stderr)

    return run


@pytest.fixture
def roost(workspace: Path, environment: Mapping[str, str]) -> Roost:
    """`roost …` of the same user in the same folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return ran([sys.executable, str(CLI), *arguments], workspace, environment)

    return run


def ran(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
