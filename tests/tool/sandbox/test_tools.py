"""The tools that run something do so inside the sandbox, with what they need and no more."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from boot.confinement import policy_for
from boot.paths import Folders
from core.errors import ToolError
from core.profile import ActiveProfile, ModelProfile
from core.sandbox import SandboxBackend
from core.skills import kept_contract
from core.tools import ToolContext, ToolServices
from core.workspace import Workspace
from tests.processes import argv_of, has_ended, running
from tests.tool.commanding import Nobody
from tests.tool.filing import said
from tests.tool.sandbox.area import NOBODY, why_not
from tool.data_view import DataView
from tool.pyexe import Pyexe
from tool.sandbox_bubblewrap import BubblewrapBackend, bubblewrap_program
from tool.sandbox_landlock import LandlockBackend
from tool.shell import Shell, ShellArgs
from tool.skill_runner import SandboxedSkills


@pytest.fixture
def project(home: Path) -> Path:
    (home / "project").mkdir()
    (home / "secret").write_text("mine")
    return home / "project"


@pytest.fixture(params=["bubblewrap", "landlock"])
async def services(request: pytest.FixtureRequest, home: Path, project: Path) -> AsyncIterator[ToolServices]:
    if reason := why_not(request.param, "self"):
        pytest.skip(reason)
    policy = policy_for(project, Folders(data=home / "data", config=home / "config", cache=home / "cache"))
    program = bubblewrap_program() or Path("missing")
    backend: SandboxBackend = LandlockBackend(policy)
    if request.param == "bubblewrap":
        backend = BubblewrapBackend(program, policy)
    yield ToolServices(
        workspace=Workspace(project),
        artifacts=project / ".roost/artifacts",
        sandbox=backend,
        asker=Nobody(),
        web=Nobody(),
        active=ActiveProfile(ModelProfile(output_chars=2_000)),
    )
    await backend.aclose()


@contextmanager
def mounted_read_only(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "--bind", "-r", folder, folder], check=True, timeout=60)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True, timeout=60)


@contextmanager
def given_away(folder: Path) -> Iterator[None]:
    os.chown(folder, NOBODY, NOBODY)
    yield


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a folder, or give it to somebody else")
@pytest.mark.parametrize("closed", [mounted_read_only, given_away])
async def test_commands_run_in_a_workspace_that_can_only_be_read(
    closed: Callable[[Path], AbstractContextManager[None]], services: ToolServices, project: Path
) -> None:
    (project / "file").write_text("here")

    with closed(project):
        answer = await said(Shell(services), command="cat file; mkdir made")

    assert answer.startswith("here")
    assert not (project / "made").exists()


async def test_a_command_stays_where_the_last_one_went(services: ToolServices, project: Path) -> None:
    shell = Shell(services)

    first = await said(shell, command="mkdir inner && cd inner && echo here > file; cat ../../secret")
    second = await said(shell, command="cat file")

    assert "now in inner" in first
    assert "mine" not in first
    assert second == "here"
    assert (project / "inner/file").read_text() == "here\n"


async def test_a_long_output_can_be_searched_by_later_commands(services: ToolServices) -> None:
    shell = Shell(services)
    await said(shell, command="seq 20000")

    assert await said(shell, command="grep -h ^19999 .roost/artifacts/*") == "19999"


async def test_python_remembers_and_is_held(services: ToolServices, project: Path) -> None:
    pyexe = Pyexe(services)

    await said(pyexe, code="import pathlib, os; x = 6")
    answer = await said(pyexe, code="pathlib.Path('made').write_text('y'); x * 7")
    refused = await said(pyexe, code="print(pathlib.Path('../secret').read_text())")
    await pyexe.aclose()

    assert answer.strip().endswith("42")
    assert "mine" not in refused
    assert (project / "made").read_text() == "y"


async def test_a_skill_is_held_in_every_call(services: ToolServices, project: Path) -> None:
    source = 'def look(path: str, text: str = "") -> str:\n    """Read or write."""\n'
    source += "    return str(open(path, 'w').write(text)) if text else open(path).read()\n"
    contract = kept_contract(source, "look")
    (project / "file").write_text("here")
    (project / ".roost/skills").mkdir(parents=True)
    runner = SandboxedSkills(services.sandbox, project)

    asked = [{"path": "../secret"}, {"path": "file"}, {"path": ".roost/skills/x.py", "text": "x"}]
    outcomes = [await runner.call(contract, arguments) for arguments in asked]

    await runner.aclose()
    assert [outcome.returned for outcome in outcomes[:2]] == [None, "here"]
    assert outcomes[0].fault
    if services.sandbox.name == "bubblewrap":  # the reduced one has no walls inside of a workspace
        assert outcomes[2].fault
        assert list((project / ".roost/skills").iterdir()) == []


async def test_a_question_to_a_table_cannot_write(services: ToolServices, project: Path) -> None:
    pytest.importorskip("duckdb")
    (project / "a.csv").write_text("n\n1\n2\n")

    answer = await said(DataView(services), path="a.csv", sql="SELECT sum(n) AS total FROM data")

    assert "3" in answer
    assert (project / "a.csv").read_text() == "n\n1\n2\n"


async def test_a_command_ends_with_the_process_that_watches_it(services: ToolServices, project: Path) -> None:
    said_at_once = asyncio.Event()
    context = ToolContext(call_id="call-1", progress=lambda text: said_at_once.set())
    shell = Shell(services)
    mark = f"sleep {os.getpid()}.25"
    running = asyncio.create_task(shell.run(ShellArgs(command=f"echo began; exec {mark}"), context))
    await said_at_once.wait()
    command = begun(mark)
    watcher = next(pid for pid in ancestors(command) if any("runner.py" in word for word in argv_of(pid)))

    os.kill(watcher, signal.SIGKILL)

    with pytest.raises(ToolError, match="the process that watches it was killed"):
        await running
    assert has_ended(command)


def begun(command: str) -> int:
    """The process that runs it; what a shell says last is said before it becomes the command."""
    while not (found := running(command)):
        time.sleep(0.005)
    return found[0]


def ancestors(pid: int) -> Iterator[int]:
    while pid := int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]):
        yield pid
