"""What a command may do, as data, and what came of it. Back-ends enforce it (`tool/sandbox_*.py`)."""

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from core.values import value


@value
class SandboxPolicy:
    """The parts of the machine a command may touch; back-end "none" can enforce no part of it."""

    writable: tuple[Path, ...]
    network: bool = False


@value
class Limits:
    """Where a command is stopped and what is kept of its output."""

    wall_seconds: float
    kept_chars: int
    """How much of the output stays in memory, head and tail together."""
    spill_to: Path | None = None
    """Folder for the file with the whole output, when it is longer than `kept_chars`."""


@value
class Command:
    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the back-end's allow-listed environment."""
    report: bool = False
    """Whether the command may write a short report to the file descriptor named in `ROOST_REPORT_FD`."""


@value
class CommandResult:
    exit_code: int | None
    """None when it was stopped; negative for the signal that ended it."""
    head: str
    tail: str
    """`head` and `tail` together are all of the output unless `dropped_chars` is above 0."""
    dropped_chars: int
    seconds: float
    timed_out: bool
    spilled: Path | None = None
    ended_processes: int = 0
    """Processes the command left running, which were ended."""
    report: str = ""
    note: str = ""
    """What the back-end could not do, said for people; empty when there is nothing to say."""


class Worker(Protocol):
    """A process that stays: lines in, lines out, ended with `aclose` and with the agent."""

    async def send(self, line: str) -> None:
        """Raises ToolError when the process is gone."""
        ...

    async def receive(self) -> str | None:
        """The next line, or None when the process has ended."""
        ...

    async def aclose(self) -> None: ...


class SandboxBackend(Protocol):
    """Runs commands for `shell`, `pyexe`, skills and the judge; owns their processes and time-outs."""

    @property
    def name(self) -> str: ...

    @property
    def isolated(self) -> bool:
        """Whether a command can do no harm outside its policy: by this back-end, or as the user declared."""
        ...

    async def run(
        self,
        command: Command,
        policy: SandboxPolicy,
        limits: Limits,
        progress: Callable[[str], None] = ...,
    ) -> CommandResult:
        """Run to its end. On time-out and on cancellation nothing it started survives.

        Raises:
            ToolError: when it could not be started at all.
        """
        ...

    async def start(self, command: Command, policy: SandboxPolicy) -> Worker: ...

    async def aclose(self) -> None:
        """End whatever still runs."""
        ...
