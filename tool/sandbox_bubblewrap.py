"""Back-end "bubblewrap": commands in namespaces of their own, where only what the policy names is mounted.

    runner ──▶ supervisor ──▶ bwrap ══ user, mount, PID, network, IPC, UTS namespaces ══▶ bwrap ──▶ command
                                        no capabilities · no new rights · filter of system calls

It needs the system's `bwrap` program, and a kernel that gives users namespaces.
"""

import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ToolError
from core.records import dataclass
from core.sandbox import Command, CommandResult, Limits, SandboxPolicy, Worker
from tool.holding import DOOR_PLACE, FILTER_PLACE, Hold, filter_file
from tool.processes import Processes
from tool.sandbox_filter import Family, filter_program
from tool.sandbox_git import GitPlaces, KnownRepositories
from tool.sandbox_guard import SYSTEM, Guard, guarded
from tool.sandbox_none import no_progress

if TYPE_CHECKING:
    from tool.sandbox_hosts import Way

DOOR = Path(__file__).with_name("sandbox_door.py")
PROGRAMS = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap")
"""Never looked for on PATH, which a project may have a say in."""
OWN_TO_WRITE = {Path("/tmp"): 4, Path("/dev/shm"): 8, Path("/var/tmp"): 16, Path("/run"): 16}
"""What each may hold, as a part of the memory a command may use; the home is as large as the first."""
WITH_RIGHTS = (
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/irq",
    "/proc/bus",
    "/proc/fs",
    "/proc/acpi",
    "/proc/mtrr",
)
"""Root without capabilities still owns these files, and they act on the whole machine."""
SOCKETS = frozenset({Family.INET, Family.INET6, Family.NETLINK})
"""Loopback is the command's own; unix sockets would lead to whoever listens at a path that is mounted."""
LAST_WORDS = "bwrap: "


def bubblewrap_program(names: Sequence[str] = PROGRAMS) -> Path | None:
    """The system's `bwrap`, if nobody but root can change it."""
    for name in names:
        try:
            status = Path(name).stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_uid == 0 and not status.st_mode & 0o022:
            return Path(name)
    return None


@dataclass(frozen=True)
class BubblewrapBackend:
    program: Path
    policy: SandboxPolicy
    name: str = "bubblewrap"
    isolated: bool = True
    processes: Processes = field(default_factory=Processes)
    repositories: KnownRepositories = field(default_factory=KnownRepositories)
    _ways: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Those of the processes that stay."""

    async def run(
        self,
        command: Command,
        policy: SandboxPolicy,
        limits: Limits,
        progress: Callable[[str], None] = no_progress,
    ) -> CommandResult:
        git = self.repositories.places(policy.writable)
        links = filter(Path.is_symlink, policy.protected)
        guard = Guard.over((*git.watched, *links), (*policy.writable, *git.outside))
        return await guarded(guard, self._run(command, policy, limits, progress, git))

    async def _run(
        self,
        command: Command,
        policy: SandboxPolicy,
        limits: Limits,
        progress: Callable[[str], None],
        git: GitPlaces,
    ) -> CommandResult:
        async with _way_out(policy) as way:
            with self._held(command, policy, git, way) as (held, hold):
                result = await self.processes.run(held, limits, progress, hold)
        if result.exit_code == 1 and result.head.startswith(LAST_WORDS):
            raise ToolError(
                f"The sandbox could not be put up: {result.head.strip()[:500]}",
                hint="Tell the user: roost doctor says more.",
            )
        notes = (result.note, way.proxy.note if way else "")
        return replace(result, note=" ".join(filter(None, notes)))

    async def start(self, command: Command, policy: SandboxPolicy) -> Worker:
        git = self.repositories.places(policy.writable)
        way = await self._ways.enter_async_context(_way_out(policy))
        with self._held(command, policy, git, way) as (held, hold):
            return await self.processes.start(held, hold)

    async def aclose(self) -> None:
        await self.processes.aclose()
        await self._ways.aclose()

    @contextmanager
    def _held(
        self, command: Command, policy: SandboxPolicy, git: GitPlaces, way: "Way | None"
    ) -> Iterator[tuple[Command, Hold]]:
        environment = {**policy.environment, "TMPDIR": "/tmp", **command.environment}
        descriptors, inner = dict[int, int](), command.argv
        if way:
            environment = {**way.environment, **environment}
            descriptors[DOOR_PLACE] = way.descriptor
            inner = (sys.executable, "-I", "-S", str(DOOR), str(DOOR_PLACE), *command.argv)
        argv = (str(self.program), *walls(policy, git))
        for name, text in environment.items():
            argv += ("--setenv", name, text)
        argv += ("--chdir", str(command.cwd), "--", *inner)
        with filter_file(filter_program(SOCKETS)) as descriptors[FILTER_PLACE]:
            # bwrap's own environment can be read below /proc from inside, so it has none
            yield (
                replace(command, argv=argv, environment={}),
                Hold(ceilings=policy.ceilings, descriptors=descriptors, own_processes=1),
            )


@asynccontextmanager
async def _way_out(policy: SandboxPolicy) -> "AsyncIterator[Way | None]":
    """To the hosts of the policy; None where there are none, and then nothing is loaded for it."""
    if not policy.hosts:
        yield None
        return
    from tool.sandbox_hosts import HostProxy, way_to

    async with way_to(HostProxy(policy.hosts, policy.private_hosts)) as way:
        yield way


def walls(policy: SandboxPolicy, git: GitPlaces) -> tuple[str, ...]:
    """What bwrap is told: nothing is there but what the policy names."""
    options = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--unshare-net", "--hostname", "sandbox", "--cap-drop", "ALL", "--seccomp", str(FILTER_PLACE)]
    options += ["--die-with-parent"]
    for folder in SYSTEM:
        if Path(folder).is_symlink():
            options += ["--symlink", str(Path(folder).readlink()), folder]
        else:
            options += ["--ro-bind-try", folder, folder]
    options += ["--dev", "/dev", "--proc", "/proc"]
    for file in WITH_RIGHTS if os.geteuid() == 0 else ():
        options += ["--ro-bind-try", file, file]
    mounts = _mounts(policy, git)
    for path in sorted(mounts, key=lambda path: len(path.parts)):
        options += mounts[path]
    return (*options, "--remount-ro", "/dev", "--remount-ro", "/")


def _mounts(policy: SandboxPolicy, git: GitPlaces) -> dict[Path, list[str]]:
    """Each mount by its place: the last kind named here wins a place, the longest path wins a file."""
    own = OWN_TO_WRITE | ({policy.home: 4} if policy.home else {})
    most = policy.ceilings.memory_bytes
    mounts = {
        path: [*(["--size", str(most // part)] if most else []), "--tmpfs", str(path)]
        for path, part in own.items()
    }
    for path in policy.readable:
        mounts[path] = ["--ro-bind-try", str(path), str(path)]
    writable = (*policy.writable, *git.pinned)
    for path in writable:
        mounts[path] = ["--bind", str(path), str(path)]
    for path in (*policy.protected, *git.protected):
        if _is_below(path, writable) and not path.is_symlink() and _may_be_there(path):
            mounts[path] = ["--ro-bind", str(path), str(path)] if _is_there(path) else _empty(path)
    shown = (*map(Path, SYSTEM), *policy.readable)
    for path in policy.hidden:
        if _is_below(path, writable) or (_is_below(path, shown) and _is_there(path)):
            mounts[path] = ["--ro-bind", "/dev/null", str(path)] if path.is_file() else _empty(path)
    return mounts


def _is_there(path: Path) -> bool:
    """Like `exists`; False also for what this process may not look at, and a command neither."""
    return os.access(path, os.F_OK)


def _may_be_there(path: Path) -> bool:
    """False where neither a command nor bwrap can make it: in what is read-only or somebody else's."""
    if _is_there(path):
        return True
    with suppress(OSError):
        folder = path.parent.stat()
        is_closed = folder.st_uid != os.geteuid() and not folder.st_mode & 0o022
        return not is_closed and not os.statvfs(path.parent).f_flag & os.ST_RDONLY
    return True


def _is_below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _empty(path: Path) -> list[str]:
    """Also for what is not there, so that nothing can be put there."""
    return ["--tmpfs", str(path), "--remount-ro", str(path)]
