"""Which sandbox the commands of a session run in: the first that is there and stands its trial.

What was passed over, and why, is told at the start and by `roost doctor`; nothing is taken in silence.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from boot.paths import Folders, make_own_folder
from boot.settings import Settings
from boot.version import VERSION
from core.errors import ConfigError
from core.sandbox import SandboxBackend, SandboxPolicy
from core.values import value
from store.private import replace_private_file
from tool.sandbox_none import PlainBackend, external_backend

CODE = Path(__file__).resolve().parents[1] / "tool"
KEPT = "sandbox.json"
BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACES = (Path("/proc/self/ns/user"), Path("/proc/self/ns/mnt"))
"""Every container has others, and may share the folder that this is kept in."""
ASKED = "Commands are not held by a sandbox: each one needs your yes, and without a person they are refused."
DECLARE = 'If this machine is itself a sandbox, a container say, put sandbox = "external" into settings.toml.'
REDUCED = (
    "Commands run in a reduced sandbox (Landlock): a git hook or rule that one changes is put back only after"
    " its end, by pyexe not at all; and the rights and times of your other files can be changed."
)
UNREACHED = "The hosts of sandbox_hosts cannot be reached from it: that needs bubblewrap."


@value
class SandboxChoice:
    backend: SandboxBackend
    notices: tuple[str, ...] = ()
    mend: str = ""
    """What a person can do to have a better one."""


@value
class Candidate:
    name: str
    make: Callable[[SandboxPolicy], SandboxBackend] | None = None
    """None when it is not there."""
    program: Path | None = None
    problem: str = ""
    mend: str = ""
    reduced: str = ""


def of_this_system() -> Iterator[Candidate]:
    """Best first; what is not asked for is not loaded."""
    if sys.platform != "linux":
        yield Candidate(name="A sandbox", problem=f"there is none for {sys.platform} yet")
        return
    yield _bubblewrap()
    yield _landlock()


def _bubblewrap() -> Candidate:
    from tool.sandbox_bubblewrap import BubblewrapBackend, bubblewrap_program

    install = "Install bubblewrap (apt install bubblewrap)."
    if (program := bubblewrap_program()) is None:
        return Candidate(name="bubblewrap", problem="it is not installed", mend=install)
    return Candidate(
        name="bubblewrap",
        make=lambda policy: BubblewrapBackend(program, policy),
        program=program,
        mend="Let bubblewrap make user namespaces: a container or AppArmor may forbid them.",
    )


def _landlock() -> Candidate:
    from tool.sandbox_landlock import LEAST_VERSION, LandlockBackend, landlock_version

    if (version := landlock_version()) < LEAST_VERSION:
        has = f"has version {version}" if version else "has none"
        return Candidate(
            name="Landlock", problem=f"it needs version {LEAST_VERSION} (Linux 6.12), and this kernel {has}"
        )
    return Candidate(name="Landlock", make=LandlockBackend, reduced=REDUCED)


async def sandbox_for(
    settings: Settings,
    workspace: Path,
    folders: Folders,
    candidates: Callable[[], Iterable[Candidate]] = of_this_system,
) -> SandboxChoice:
    """The sandbox for commands that work in `workspace`, which is a real path.

    The first of `candidates` is taken that stands its trial.
    """
    if settings.sandbox == "external":
        return SandboxChoice(backend=external_backend())
    if settings.sandbox == "none":
        return SandboxChoice(backend=PlainBackend())
    from boot.confinement import policy_for  # the folders of a hundred toolchains, for a sandbox of ours only

    hosts, private = settings.sandbox_hosts.split(), settings.private_hosts.split()
    try:
        policy = replace(policy_for(workspace, folders), hosts=tuple(hosts), private_hosts=tuple(private))
    except ConfigError as error:
        return SandboxChoice(
            backend=PlainBackend(), notices=(error.args[0], f"{ASKED} {error.hint}"), mend=error.hint
        )
    told, mends = list[str](), list[str]()
    for candidate in candidates():
        problem = candidate.problem or _unhidden(candidate, policy)
        if not problem and (make := candidate.make):
            problem = await _problem(candidate, make, folders)
            if not problem:
                told += [candidate.reduced, *([UNREACHED] if hosts else [])] if candidate.reduced else []
                return SandboxChoice(backend=make(policy), notices=tuple(told), mend=" ".join(mends))
        told.append(f"{candidate.name} is not used: {problem}.")
        mends += [candidate.mend] if candidate.mend else []
    mend = " ".join((*mends, DECLARE))
    return SandboxChoice(backend=PlainBackend(), notices=(*told, f"{ASKED} {mend}"), mend=mend)


def _unhidden(candidate: Candidate, policy: SandboxPolicy) -> str:
    """A reduced sandbox has no walls inside of the workspace."""
    inside = [path for path in policy.hidden if any(map(path.is_relative_to, policy.writable))]
    return f"it cannot hide {str(inside[0])!r} in the workspace" if inside and candidate.reduced else ""


async def _problem(
    candidate: Candidate, make: Callable[[SandboxPolicy], SandboxBackend], folders: Folders
) -> str:
    """What its trial found; a trial that was stood is not repeated before the next boot or update."""
    kept, circumstances = folders.cache / KEPT, _circumstances(candidate)
    if _read(kept).get(candidate.name) == circumstances:
        return ""
    from boot.confinement import policy_for
    from tool.sandbox_trial import trial

    def backend(project: Path, home: Path) -> SandboxBackend:
        return make(policy_for(project, folders, {**os.environ, "HOME": str(home)}))

    try:
        make_own_folder(folders.cache)
        found = await trial(backend, folders.cache.resolve())
    except OSError as error:
        return f"it could not be tried: {error}"
    if not found:
        _keep(kept, _read(kept) | {candidate.name: circumstances})
    return " and ".join(found)


def _circumstances(candidate: Candidate) -> list[object]:
    """What the outcome of a trial depends on."""
    code = max(file.stat().st_mtime_ns for file in (*CODE.glob("sandbox_*.py"), *CODE.glob("runner*.py")))
    found: list[object] = [VERSION, code, sys.executable, os.getuid(), os.uname().release]
    found += [BOOT.read_text().strip(), *(str(place.readlink()) for place in NAMESPACES)]
    if candidate.program:
        status = candidate.program.stat()
        found += [str(candidate.program), status.st_mtime_ns, status.st_size]
    return found


def _read(kept: Path) -> dict[str, object]:
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(kept: Path, found: dict[str, object]) -> None:
    """Without it the trial is repeated at the next start."""
    with suppress(OSError):
        replace_private_file(kept, json.dumps(found).encode())
