"""Parts of the tests that start commands."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from core.errors import InputNeeded
from core.profile import ActiveProfile, ModelProfile
from core.sandbox import Command, CommandResult, Limits, SandboxPolicy
from core.tools import ToolServices, WebResponse
from core.workspace import Workspace
from tool.sandbox_none import PlainBackend

NOTHING = SandboxPolicy(writable=())


class Nobody:
    """Answers no question and fetches no page."""

    async def ask(self, question: str, choices: Sequence[str]) -> str:
        raise InputNeeded("Nobody is there.")

    async def get(self, url: str, *, address: str, timeout_seconds: float, max_bytes: int) -> WebResponse:
        raise AssertionError(f"{url} was fetched")


def services_in(folder: Path, backend: PlainBackend, *, output_chars: int = 8_000) -> ToolServices:
    return ToolServices(
        workspace=Workspace(folder),
        artifacts=folder / ".roost" / "artifacts",
        sandbox=backend,
        asker=Nobody(),
        web=Nobody(),
        active=ActiveProfile(ModelProfile(output_chars=output_chars)),
    )


@asynccontextmanager
async def plain_backend() -> AsyncIterator[PlainBackend]:
    backend = PlainBackend()
    try:
        yield backend
    finally:
        await backend.aclose()


def bash(script: str, folder: Path, **environment: str) -> Command:
    return Command(argv=("bash", "-c", script), cwd=folder, environment=environment)


def limits(*, wall_seconds: float = 600, kept_chars: int = 20_000, spill_to: Path | None = None) -> Limits:
    return Limits(wall_seconds=wall_seconds, kept_chars=kept_chars, spill_to=spill_to)


async def run(backend: PlainBackend, script: str, folder: Path) -> CommandResult:
    return await backend.run(bash(script, folder), NOTHING, limits())


async def heard(said: "asyncio.Queue[str]", lines: int) -> str:
    """What is said, as soon as it is so many lines."""
    text = ""
    while text.count("\n") < lines:
        text += await said.get()
    return text


def pids_in(text: str) -> list[int]:
    return [int(word) for word in text.split() if word.isdigit()]  # bash adds "Terminated", if it still can


def open_descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())
