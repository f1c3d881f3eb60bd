"""Whole turns of the weak model: real loop, real policies, real tools, a folder of its own for each."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.conversation import Conversation
from core.endpoint import ServerFacts
from core.events import Outcome
from core.protocols import Gateway, ModelRequest
from core.tools import ToolServices
from core.workspace import Workspace
from flow.completion import CHECKS, TurnReview
from flow.context import WindowPolicy
from flow.executor import ToolExecutor
from flow.loops import AgentLoop
from flow.nobody import Nobody
from flow.notes import NotedContext
from flow.permission import Mode, Permissions
from flow.places import Places
from flow.repair import RUNGS, ReplyRepair
from flow.secrets import Secrets
from flow.sessions import Session
from flow.system_prompt import system_text
from flow.unkept import NoCheckpoints
from gate.repetition import RepetitionGuard
from gate.retrying import RetryingGateway
from gate.text_calls import TextCallGateway
from gate.web import DirectWebClient
from tests.building import MemoryLog
from tests.simulator.model import EQUAL, WeakModel
from tests.simulator.plan import CHECK, PASSED, Task
from tests.simulator.tasks import TASKS
from tool.registry import Registry, built_in
from tool.sandbox_none import PlainBackend

MAX_STEPS = 100
WINDOW_TOKENS = 32_768
TOOLS = (
    *("list_files", "read_file", "write_file", "edit_file", "find_text", "find_files"),
    *("shell", "data_view"),
)
NOBODY = Nobody()
SERVER = ServerFacts(url="http://localhost:1/v1", kind="llama.cpp", constrains=("grammar",))
TEXT_CALLS = "text_calls"
REPAIRS = (TEXT_CALLS, *(rung.__name__ for rung in RUNGS), *(check.__name__ for check in CHECKS))
"""What mends replies, by name: a ring of the gateway, rungs of the repair, checks of a turn's end."""


@dataclass(frozen=True)
class Run:
    """What came of one turn."""

    task: str
    seed: int
    outcome: Outcome
    note: str
    passed: bool
    """Whether the task's own check passes afterwards."""
    requests: int
    mistakes: Mapping[str, int]
    conversation: Conversation

    @property
    def is_success(self) -> bool:
        return self.passed and self.outcome is Outcome.DONE


async def runs(
    seeds: Iterable[int],
    rate: float,
    weights: Mapping[str, float] = EQUAL,
    without: Sequence[str] = (),
    *,
    deaf: bool = False,
) -> Sequence[Run]:
    """A run for each seed; the tasks take turns. `without`: those of `REPAIRS` that are switched off."""
    if unknown := set(without) - set(REPAIRS):
        raise ValueError(f"there is no repair {unknown}")
    async with a_sandbox() as sandbox:
        models = (WeakModel(TASKS[seed % len(TASKS)], seed, rate, weights, deaf) for seed in seeds)
        return [await run(model, sandbox, without) for model in models]


async def run(model: WeakModel, sandbox: PlainBackend, without: Sequence[str] = ()) -> Run:
    """The model's task from its prompt to the end of the turn."""
    with tempfile.TemporaryDirectory(prefix="roost-weak-") as folder:
        workspace = Path(folder)
        write_files(workspace, model.task.files)
        session = a_session(model, workspace, sandbox, without=without)
        finished = await session.send(model.task.prompt)
        await session.aclose()
        passed = await asyncio.to_thread(check_passes, model.task, workspace)
    return Run(
        task=model.task.name,
        seed=model.seed,
        outcome=finished.outcome,
        note=finished.note,
        passed=passed,
        requests=len(model.requests),
        mistakes=model.made,
        conversation=session.conversation,
    )


def a_session(
    model: Gateway,
    workspace: Path,
    sandbox: PlainBackend,
    *,
    without: Sequence[str] = (),
    window_tokens: int = WINDOW_TOKENS,
    max_steps: int = MAX_STEPS,
) -> Session:
    """The parts of a session as they are joined for a person, but for the log, which is in memory."""
    services = ToolServices(
        workspace=Workspace(workspace),
        artifacts=workspace / ".roost" / "artifacts",
        sandbox=sandbox,
        asker=NOBODY,
        web=DirectWebClient(),
        hides=Secrets(str(Path.home().resolve())).holds,
    )
    toolbox = Registry(built_in(services, TOOLS))
    permission = Permissions(
        mode=Mode.FULL,
        isolated=True,  # the commands are those of the tasks, and known
        has_person=False,
        places=Places.of(str(workspace), str(Path.home())),
    )
    gateway = RepetitionGuard(RetryingGateway(model if TEXT_CALLS in without else TextCallGateway(model)))
    head = ModelRequest(system=system_text(services.profile), messages=(), tools=toolbox.specs())
    loop = AgentLoop(
        gateway=gateway,
        toolbox=toolbox,
        executor=ToolExecutor(
            toolbox=toolbox, permission=permission, approver=NOBODY, checkpoints=NoCheckpoints
        ),
        context=NotedContext(WindowPolicy(head=head, window_tokens=window_tokens, gateway=gateway), []),
        repair=ReplyRepair(lambda: SERVER, tuple(rung for rung in RUNGS if rung.__name__ not in without)),
        completion=TurnReview(tuple(check for check in CHECKS if check.__name__ not in without)),
        system=head.system,
        tools=head.tools,
        max_steps=max_steps,
    )
    return Session(id="s", loop=loop, log=MemoryLog())


@asynccontextmanager
async def a_sandbox() -> AsyncIterator[PlainBackend]:
    """One for many runs: its commands find the Python of the tests."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    sandbox = PlainBackend(own_environment={**os.environ, "PATH": path})
    try:
        yield sandbox
    finally:
        await sandbox.aclose()


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check_passes(task: Task, workspace: Path) -> bool:
    """The check as it was at first, whatever became of it."""
    write_files(workspace, {"check.py": task.files["check.py"]})
    command = [sys.executable, *CHECK.split()[1:]]
    ended = subprocess.run(command, cwd=workspace, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode == 0 and PASSED in ended.stdout
