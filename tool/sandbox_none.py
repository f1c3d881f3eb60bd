"""Back-ends that enforce nothing: "none", and "external" where the user declared the machine a sandbox."""

import os
from collections.abc import Callable, Mapping
from dataclasses import field, replace

from core.records import dataclass
from core.sandbox import Command, CommandResult, Limits, SandboxPolicy, Worker
from tool.processes import Processes

PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "VIRTUAL_ENV", "CI"),
    *(
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "GOROOT",
        "GOPATH",
        "JAVA_HOME",
        "PYENV_ROOT",
        "NVM_DIR",
    ),
    *("LANG", "LANGUAGE", "TZ", "TERM", "COLUMNS", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""What a command gets of the agent's own variables, with LC_*. A deny-list would miss a secret."""
SET_FOR_ALL = {
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",  # nobody can answer
    "GIT_EDITOR": "true",
    "PYTHONUNBUFFERED": "1",  # output is streamed
}


def command_environment(own: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """What a command gets of the agent's `own` environment, what is set for all, and what was `added`."""
    passed = {name: value for name, value in own.items() if name in PASSED_ON or name.startswith("LC_")}
    return passed | SET_FOR_ALL | dict(added)


NO_POLICY = SandboxPolicy(writable=())


def no_progress(text: str) -> None:
    """Nobody is watching."""


@dataclass(frozen=True)
class PlainBackend:
    """Runs commands with the rights of the agent."""

    name: str = "none"
    isolated: bool = False
    """True where the user declared this machine itself a sandbox."""
    policy: SandboxPolicy = NO_POLICY
    own_environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    processes: Processes = field(default_factory=Processes)

    async def run(
        self,
        command: Command,
        policy: SandboxPolicy,
        limits: Limits,
        progress: Callable[[str], None] = no_progress,
    ) -> CommandResult:
        return await self.processes.run(self._with_environment(command), limits, progress)

    async def start(self, command: Command, policy: SandboxPolicy) -> Worker:
        return await self.processes.start(self._with_environment(command))

    async def aclose(self) -> None:
        await self.processes.aclose()

    def _with_environment(self, command: Command) -> Command:
        environment = command_environment(self.own_environment, command.environment)
        return replace(command, environment=environment)


def external_backend() -> PlainBackend:
    return PlainBackend(name="external", isolated=True)
