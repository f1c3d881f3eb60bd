"""What a command may do, as data, and what came of it. Back-ends enforce it (`tool/sandbox_*.py`)."""

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from core.masking import Masking
from core.values import value


@value
class Ceilings:
    """What a command may use of the machine at most; None is no ceiling of ours."""

    memory_bytes: int | None = None
    """Of all its processes together."""
    processes: int | None = None
    file_bytes: int | None = None
    """Of any one file it writes."""
    cpu_seconds: int | None = None
    """Of each process."""
    open_files: int | None = None
    """Of each process."""


@value
class SandboxPolicy:
    """What a command may touch, reach and use; back-end "none" enforces no part of it.

    All paths are absolute and real. The longer path wins where two of different kinds overlap.
    """

    writable: tuple[Path, ...]
    readable: tuple[Path, ...] = ()
    """Beside the folders of the system itself. One that does not exist is passed over."""
    protected: tuple[Path, ...] = ()
    """Below what is writable: readable, never changed, nor put in the place of something missing."""
    hidden: tuple[Path, ...] = ()
    """Folders that look empty, and files that do, whatever they hold."""
    home: Path | None = None
    """The person's home: what the command sees there is its own, but for what is named above."""
    hosts: tuple[str, ...] = ()
    """On the network; empty: none. `host` (ports 80 and 443) or `host:port`; `*.host` is all below it."""
    private_hosts: tuple[str, ...] = ()
    """Those of them that need not be on the public internet."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """All that a command gets, before what is added for it."""
    ceilings: Ceilings = Ceilings()


@value
class Limits:
    """Where a command is stopped and what is kept of its output."""

    wall_seconds: float
    kept_chars: int
    """How much of the output stays in memory, head and tail together."""
    spill_to: Path | None = None
    """Folder for the file with the whole output, when it is longer than `kept_chars`."""
    masking: Masking = field(default_factory=Masking)
    """What is masked of it, before any of it is shown, cut or kept."""


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

    @property
    def policy(self) -> SandboxPolicy:
        """What a command of this session may do, before a tool asks for less."""
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
