"""What may be loaded before the first request leaves: the budget of a start is spent in imports."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from boot.known_servers import KnownServers
from boot.paths import user_folders
from boot.settings import Settings
from boot.skills import skill_shelf
from core.endpoint import ServedModel, ServerFacts
from tests.architecture.importing import ROOT, importing
from tests.scripted_server.replies import say
from tests.scripted_server.serving import ScriptedServer
from tests.tool.skilling import one_line

HEAVY = (
    "pydantic",
    "rich",
    "prompt_toolkit",
    "numpy",
    "fastapi",
    "dotenv",
    "tree_sitter",
    "sqlite3",
    "importlib.metadata",
)
MOST_MODULES = 370
MOST_COMPILED = 40
"""Pieces of source that are compiled: the standard library's named tuples, and its dataclasses."""
MOST_SWEEPS = 10
"""Of garbage, between the opening of the session and the first request. A whole start would be some fifty."""

PROBE = """
import gc, json, sys
sys.path[0] = {root!r}  # as cli.py has it; plug-ins are looked for again when a folder in it has changed
compiled = []

def count(event, arguments):
    if event == "compile" and arguments[1] == "<string>":
        compiled.append(str(arguments[0])[:80])

sys.addaudithook(count)
sweeps = []
import gate.openai_compatible as wire
ask = wire.OpenAICompatibleGateway.stream

def first(self, request):
    done = dict(modules=sorted(sys.modules), compiled=compiled, sweeps=len(sweeps) / 2, swept=gc.isenabled())
    print(json.dumps(done), file=sys.stderr)
    return ask(self, request)

wire.OpenAICompatibleGateway.stream = first
from boot.entry import main
gc.callbacks.append(lambda phase, about: sweeps.append(phase))
sys.exit(main({arguments!r}))
"""


def done_before_the_first_request(url: str, folder: Path, *arguments: str) -> dict[str, Any]:
    """In a start that knows the server at `url` from an earlier one."""
    facts = ServerFacts(url=url, models=(ServedModel(name="m"),))
    KnownServers(user_folders(os.environ).cache / "servers").keep(facts)
    flags = ["-p", "hi", "--url", url, "--model", "m", "--workspace", str(folder), *arguments]
    ran = run(PROBE.format(root=str(ROOT), arguments=flags), folder)
    done: dict[str, Any] = json.loads(next(line for line in ran.stderr.splitlines() if line.startswith("{")))
    return done


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


@pytest.mark.server
def test_nothing_heavy_is_loaded_before_the_first_request(tmp_path: Path) -> None:
    with ScriptedServer([say("hello"), say("hello")]) as server:
        done_before_the_first_request(server.url, tmp_path)  # finds the plug-ins and keeps what it found
        done = done_before_the_first_request(server.url, tmp_path)

    modules = set(done["modules"])
    assert modules & {*HEAVY, "boot.fallbacks", "gate.fallback"} == set()
    assert not any(name.startswith("httpx.") for name in modules)
    assert len(modules) < MOST_MODULES
    assert len(done["compiled"]) <= MOST_COMPILED, done["compiled"]


@pytest.mark.server
def test_garbage_is_looked_for_when_the_session_is_open_and_not_before(tmp_path: Path) -> None:
    with ScriptedServer([say("hello"), say("hello")]) as server:
        done_before_the_first_request(server.url, tmp_path)
        done = done_before_the_first_request(server.url, tmp_path)

    assert done["swept"]
    assert done["sweeps"] <= MOST_SWEEPS, done["sweeps"]


@pytest.mark.server
def test_skills_cost_a_start_next_to_nothing(tmp_path: Path) -> None:
    shelf = skill_shelf(tmp_path.resolve(), user_folders(os.environ), Settings())
    for number in range(20):
        shelf.keep(one_line(f"skill_{number}"))
    with ScriptedServer([say("hello"), say("hello"), say("hello")]) as server:
        done_before_the_first_request(server.url, tmp_path)
        without = done_before_the_first_request(server.url, tmp_path / ".roost")
        done = done_before_the_first_request(server.url, tmp_path)
        tools = server.requests[-1].json["tools"]

    assert "skill_0" in [tool["function"]["name"] for tool in tools]
    assert set(done["modules"]) & set(HEAVY) == set()
    assert len(done["modules"]) <= len(without["modules"]) + 1
    assert len(done["compiled"]) <= MOST_COMPILED, done["compiled"]


@pytest.mark.server
def test_what_is_remembered_is_told_with_sqlite_alone(tmp_path: Path, home: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from boot.entry import main
sys.exit(main(["memory", "store", "--scope", "user", "Call me Kim"]))
"""
    assert run(program, tmp_path).stderr == ""

    with ScriptedServer([say("hello"), say("hello")]) as server:
        done_before_the_first_request(server.url, tmp_path)
        modules = set(done_before_the_first_request(server.url, tmp_path)["modules"])

    assert "Call me Kim" in str(server.requests[1].messages)
    assert modules & set(HEAVY) == {"sqlite3"}
    assert len(modules) < MOST_MODULES


def test_the_version_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from boot.entry import main; main(['--version'])"
    )

    ran = run(f"{program}; print(sorted(name for name in sys.modules if '.' not in name))", tmp_path)

    version, modules = ran.stdout.splitlines()
    assert version.startswith("roost ")
    assert not {"asyncio", "argparse", "core", "dataclasses"} & set(eval(modules))


def test_importing_a_module_does_nothing(tmp_path: Path) -> None:
    packages = ("boot", "core", "flow", "gate", "model", "servr", "store", "tool")
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.stem not in ("runner", "python_worker", "skill_worker", "scan", "__main__")
        and "native" not in path.parts  # tests/servr/native imports those: they need an extra
    ]

    ran = run(importing(names, before=("pydantic", "asyncio", "httpx")), tmp_path)

    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [f"imported {len(names)}"]
