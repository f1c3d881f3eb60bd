"""Back-end "landlock": for machines and containers that give no namespaces. It holds less than bubblewrap.

A command may open only what the policy names, and may signal only processes it started; a filter of system
calls leaves it no sockets. Landlock has no rule for names protected inside a writable folder: they are put
back after a command, and not after pyexe. Nor has it one for rights, times and owners of files outside.
"""

import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.artifacts import artifacts_in
from core.errors import ToolError
from core.sandbox import Command, CommandResult, Limits, SandboxPolicy, Worker
from tool.holding import RULESET_PLACE, Hold
from tool.processes import Processes
from tool.sandbox_filter import filter_program
from tool.sandbox_git import GitPlaces, KnownRepositories
from tool.sandbox_guard import SYSTEM, Guard, guarded
from tool.sandbox_none import no_progress

CREATE_RULESET, ADD_RULE = 444, 445
ASK_VERSION = 1
LEAST_VERSION = 6
"""The first that keeps signals in; Linux 6.12 has it."""
BENEATH = 1
ALL_FILES = (1 << 16) - 1
ALL_NETWORK = ALL_SCOPES = 3
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
MAKE_CHARACTER, MAKE_BLOCK, MAKE_SOCKET, DEVICE_CONTROL = 1 << 6, 1 << 11, 1 << 9, 1 << 15
READ = EXECUTE | READ_FILE | READ_FOLDER
WRITE = ALL_FILES & ~(MAKE_CHARACTER | MAKE_BLOCK | MAKE_SOCKET | DEVICE_CONTROL)
OF_FILES = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
READABLE = (*SYSTEM, "/proc", "/sys/devices/system/cpu", "/sys/fs/cgroup")


def landlock_version() -> int:
    """Of the kernel's Landlock; 0 when it has none or does not let us use it."""
    return max(0, int(ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, ASK_VERSION)))


@dataclass(frozen=True)
class LandlockBackend:
    policy: SandboxPolicy
    name: str = "landlock (reduced)"
    isolated: bool = True
    processes: Processes = field(default_factory=Processes)
    repositories: KnownRepositories = field(default_factory=KnownRepositories)
    _own: ExitStack = field(default_factory=ExitStack)

    async def run(
        self,
        command: Command,
        policy: SandboxPolicy,
        limits: Limits,
        progress: Callable[[str], None] = no_progress,
    ) -> CommandResult:
        git = self.repositories.places(policy.writable)
        guard = _guard(policy, git, limits.spill_to)
        with _own_folder() as own, self._held(command, policy, git.outside, own) as (held, hold):
            return await guarded(guard, self.processes.run(held, limits, progress, hold))

    async def start(self, command: Command, policy: SandboxPolicy) -> Worker:
        own = self._own.enter_context(_own_folder())
        outside = self.repositories.places(policy.writable).outside
        with self._held(command, policy, outside, own) as (held, hold):
            return await self.processes.start(held, hold)

    async def aclose(self) -> None:
        await self.processes.aclose()
        self._own.close()

    @contextmanager
    def _held(
        self, command: Command, policy: SandboxPolicy, more: Sequence[Path], own: str
    ) -> Iterator[tuple[Command, Hold]]:
        moved = dict.fromkeys(("TMPDIR", "XDG_CACHE_HOME", "npm_config_cache"), own)
        moved["GIT_CONFIG_GLOBAL"] = os.devnull
        environment = {**policy.environment, **moved, **command.environment}
        ruleset = _ruleset(policy, (*policy.writable, *more, Path(own)))
        try:
            yield (
                replace(command, environment=environment),
                Hold(
                    ceilings=policy.ceilings,
                    descriptors={RULESET_PLACE: ruleset},
                    filter=filter_program(frozenset(), is_shared=True),
                ),
            )
        finally:
            os.close(ruleset)


def _own_folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="roost-", ignore_cleanup_errors=True)


def _guard(policy: SandboxPolicy, git: GitPlaces, artifacts: Path | None) -> Guard:
    if not policy.writable:
        return Guard.over((), ())
    if artifacts:
        with suppress(OSError), artifacts_in(artifacts):  # whoever has to write there says what is wrong
            pass
    guarded = (*policy.protected, *git.protected, *git.watched)
    return Guard.over(guarded, (*policy.writable, *git.outside), artifacts)


class _Attributes(ctypes.Structure):
    """`struct landlock_ruleset_attr`."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _ruleset(policy: SandboxPolicy, writable: Sequence[Path]) -> int:
    """A descriptor of the rules: nothing but what is added is allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = _Attributes(ALL_FILES, ALL_NETWORK, ALL_SCOPES)
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.sizeof(attributes), 0)
    if ruleset < 0:
        raise ToolError(
            f"The sandbox could not be put up: {os.strerror(ctypes.get_errno())}.",
            hint="Tell the user: roost doctor says more.",
        )
    rules = {Path(name): OF_FILES for name in DEVICES}
    for path in (*map(Path, READABLE), *policy.readable):
        rules |= dict.fromkeys(_shown(path, policy.hidden), READ)
    for path, allowed in (rules | dict.fromkeys(writable, WRITE)).items():
        _allow(libc, ruleset, path, allowed)
    return int(ruleset)


def _shown(path: Path, hidden: Sequence[Path]) -> Iterator[Path]:
    """`path`, or the parts of it that hold nothing hidden: no rule can take back what another gave."""
    if not any(other.is_relative_to(path) for other in hidden):
        yield path
    elif path not in hidden and path.is_dir():
        for child in path.iterdir():
            yield from _shown(child, hidden)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, allowed: int) -> None:
    """Add one rule; a path that is not there is passed over."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = _Beneath(allowed if path.is_dir() else allowed & OF_FILES, place)
        libc.syscall(ADD_RULE, ruleset, BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)
