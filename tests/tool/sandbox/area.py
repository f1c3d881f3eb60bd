"""Throwaway homes with a project and things outside that nothing may reach, and who tries to reach them."""

import ctypes
import hashlib
import json
import os
import platform
import secrets
import select
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tool.sandbox_bubblewrap import bubblewrap_program
from tool.sandbox_filter import CLONE, MACHINES, REFUSED, UNKNOWN
from tool.sandbox_landlock import LEAST_VERSION, landlock_version

ROOT = Path(__file__).resolve().parents[3]
RUST = Path.home() / ".rustup"
TOOLCHAINS = {"RUSTUP_HOME": str(RUST)} if RUST.exists() else {}
"""Of whoever runs the tests, whose home is no row's."""
CALL = Path(__file__).with_name("call.py")
COLUMN = MACHINES[platform.machine()].column
CALLS = {name: numbers[COLUMN] for name, numbers in (REFUSED | UNKNOWN).items()}
CALLS |= {"clone": CLONE[COLUMN], "renameat2": (316, 276)[COLUMN], "x32": 0x40000027}
CANARY, ARGUMENT = "BEGIN CANARY", "canary-among-arguments"
NOBODY = 65534
ROW_SECONDS = 200
"""For a row that names no time of its own."""
SYSTEM_PYTHON = Path("/usr/bin/python3")
FIXED_GIT = ("hooks", "config", "config.worktree", "commondir", "attributes")
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{role}_{name}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for name in ("NAME", "EMAIL")},
}


def why_not(backend: str, user: str) -> str:
    """Why rows cannot be tried here; empty when they can."""
    return (_why_not_as(user) if user == "nobody" else "") or _why_not_under(backend, user)


def _why_not_as(user: str) -> str:
    if os.getuid() != 0:
        return "only root can become somebody else"
    asked = [str(SYSTEM_PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    if not SYSTEM_PYTHON.exists() or subprocess.run(asked, timeout=60).returncode:
        return "the system's Python is older than 3.11, and the tests' own may be hidden from others"
    return ""


def _why_not_under(backend: str, user: str) -> str:
    if backend == "landlock" and (version := landlock_version()) < LEAST_VERSION:
        return f"the kernel's Landlock is of version {version}"
    if backend != "bubblewrap":
        return ""
    if (program := bubblewrap_program()) is None:
        return "bubblewrap is not installed"
    asked = [str(program), "--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "true"]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=60, **_as_user(user))
    return ran.stderr.strip()


@dataclass
class Area:
    """One row's own corner: `home/project`, `outside`, listeners and a process."""

    base: Path
    victim: subprocess.Popen[bytes]
    listeners: Sequence[socket.socket]
    environment: Mapping[str, str]
    before: Mapping[str, str] = field(default_factory=dict)
    treatment: str = ""
    """How the process outside is treated by the system."""

    @property
    def project(self) -> Path:
        return self.base / "home" / "project"

    def reached(self) -> list[str]:
        """What is not as it was."""
        after = self.fingerprints()
        known = {_repository_of(name) for name in self.before}
        paths = [name for name in {*self.before, *after} if self.before.get(name) != after.get(name)]
        paths = [name for name in paths if _repository_of(name) in known]
        found = sorted(paths) + [
            f"heard by {each.getsockname()}" for each in self.listeners if _is_asked(each)
        ]
        if self.victim.poll() is not None or _treatment(self.victim.pid) != self.treatment:
            found.append("the process outside")
        return found

    def fingerprints(self) -> dict[str, str]:
        found = {}
        for path in self.base.rglob("*"):
            name = path.relative_to(self.base).as_posix()
            is_inside = name.startswith(("home/project/", "main/"))
            if not name.startswith("home/project/") or _is_protected(path.relative_to(self.project)):
                found |= {name: print_} if (print_ := _fingerprint(path, is_inside=is_inside)) else {}
        return found


def _is_asked(listener: socket.socket) -> bool:
    watching = select.poll()  # there may be more descriptors than select can take
    watching.register(listener, select.POLLIN)
    return bool(watching.poll(0))


def _repository_of(name: str) -> str:
    """Whose hooks a name is among; one that a row made has none that count."""
    before, found, _ = f"{name}/".partition("/.git/")
    return before if found else ""


def _is_protected(path: Path) -> bool:
    """Of a path in the project, by its name: git's own commands, and Roost's rules."""
    parts = path.parts
    if parts[0] == ".roost" or parts[:2] in (("named", "hooks"), ("named", "settings"), ("named", "tools")):
        return True
    if ".git" not in parts:
        return False
    inner = parts[parts.index(".git") + 1 :]
    return not inner or not {*FIXED_GIT}.isdisjoint(inner)


def _fingerprint(path: Path, *, is_inside: bool) -> str:
    """Of a file: its rights, owner, time, extended attributes and content. Inside, folders are what is in them."""
    status = path.lstat()
    if path.is_symlink():
        return str(path.readlink())
    said = f"{stat.S_IMODE(status.st_mode):o} {status.st_uid}:{status.st_gid}"
    if stat.S_ISREG(status.st_mode):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        return f"{said} {int(status.st_mtime)} {digest} {os.listxattr(path)}"
    return "" if is_inside else f"{stat.S_IFMT(status.st_mode):o} {said}"


def survivors(area: Area) -> list[int]:
    """Processes that were started for a row and live: they know whom it was to end."""
    mark = f"VICTIM={area.victim.pid}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def _treatment(pid: int) -> str:
    """What others can do to a process short of ending it: stop it, slow it, give it limits."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    stopped = words[0] == "T"
    numbers = [Path(f"/proc/{pid}/{name}").read_text() for name in ("oom_score_adj", "limits")]
    return f"{stopped} {os.getpriority(os.PRIO_PROCESS, pid)} {os.sched_getaffinity(pid)} {numbers}"


def _as_user(user: str) -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if user == "nobody" else {}


@contextmanager
def areas(kinds: Sequence[str], user: str) -> Iterator[list[Area]]:
    """An area for each kind of project, owned by `user`; all of it goes when the block ends."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="roost-test-") as folder:
        base = Path(folder)
        base.chmod(0o755)
        made = [_area(stack, base / str(number), kind, user) for number, kind in enumerate(kinds)]
        if user == "nobody":
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True, timeout=60)
        for area in made:
            area.before, area.treatment = area.fingerprints(), _treatment(area.victim.pid)
        yield made


def _area(stack: ExitStack, base: Path, kind: str, user: str) -> Area:
    home, outside = base / "home", base / "outside"
    for folder in (home / ".ssh", home / ".config/roost", home / ".local/share/roost", outside):
        folder.mkdir(parents=True)
    (home / ".ssh/id_rsa").write_text(f"{CANARY}\n")
    (home / ".local/share/roost/session").write_text(f"{CANARY}\n")
    (home / ".config/roost/settings.toml").write_text("\n")
    (home / ".bashrc").write_text("\n")
    (outside / "note").write_text("mine\n")
    (home / ".cargo/bin").mkdir(parents=True)
    (home / ".cargo/bin/tool").write_text("#!/bin/sh\necho from the toolchain\n")
    (home / ".cargo/bin/tool").chmod(0o755)
    (home / ".cargo/credentials.toml").write_text(f"{CANARY}\n")
    (outside / "other/hooks").mkdir(parents=True)
    for name in ("hooks/post-commit", "config", "commondir", "gitdir"):
        (outside / "other" / name).write_text("mine\n")
    (home / "private").mkdir()
    (home / "private/tool").write_text(f"#!/bin/sh\necho {CANARY}\n")
    (home / "private/tool").chmod(0o755)
    {"plain": _repository, "worktree": _worktree, "pointer": _pointer, "hooked": _hooked, "bare": _bare}[
        kind
    ](base)
    shutil.copy(CALL, home / "project/call.py")
    (home / "project/call.json").write_text(json.dumps(CALLS))
    queue = int.from_bytes(secrets.token_bytes(3)) | 0x52000000
    stack.enter_context(_shared(queue))
    (home / "project/.roost").mkdir()
    (home / "project/.roost/rules.toml").write_text("\n")
    victim = subprocess.Popen([ARGUMENT, "600"], executable=shutil.which("sleep"), **_as_user(user))
    stack.callback(victim.wait)
    stack.callback(victim.kill)
    abstract = f"roost-{base.parent.name}-{base.name}"
    places = [("127.0.0.1", 0), ("::1", 0), ("127.0.0.1", 0), str(home / "project/socket")]
    places += [str(outside / "socket"), f"\0{abstract}", str(home / "project/datagrams")]
    kinds = [(socket.AF_INET, True), (socket.AF_INET6, True), (socket.AF_INET, False), (socket.AF_UNIX, True)]
    kinds += [(socket.AF_UNIX, True), (socket.AF_UNIX, True), (socket.AF_UNIX, False)]
    listeners = [
        stack.enter_context(_listener(*kind, place)) for kind, place in zip(kinds, places, strict=True)
    ]
    root_device = Path("/").stat().st_dev
    return Area(
        base=base,
        victim=victim,
        listeners=listeners,
        environment={
            "HOME": str(home),
            "OUTSIDE": str(outside),
            "VICTIM": str(victim.pid),
            "TCP_PORT": str(listeners[0].getsockname()[1]),
            "TCP6_PORT": str(listeners[1].getsockname()[1]),
            "UDP_PORT": str(listeners[2].getsockname()[1]),
            "ABSTRACT": abstract,
            "QUEUE": str(queue),
            "DISK_MAJOR": str(os.major(root_device)),
            "DISK_MINOR": str(os.minor(root_device)),
        },
    )


def _listener(family: int, is_stream: bool, place: Any) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM if is_stream else socket.SOCK_DGRAM)
    listener.bind(place)
    if is_stream:
        listener.listen()
    return listener


def git(*arguments: str, folder: Path) -> None:
    everything = ["git", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", *arguments]
    subprocess.run(everything, cwd=folder, check=True, env=os.environ | GIT, capture_output=True, timeout=60)


@cache
def _template() -> "tempfile.TemporaryDirectory[str]":
    """A repository with a file, a nested repository and a submodule, made once: git takes its time."""
    folder = tempfile.TemporaryDirectory(prefix="roost-template-")
    project, part = Path(folder.name, "project"), Path(folder.name, "part")
    for inner in (project, project / "nested", part):
        inner.mkdir()
        git("init", "-q", folder=inner)
    (project / "a.txt").write_text("a\n")
    git("commit", "-q", "--allow-empty", "-m", "first", folder=part)
    git("submodule", "--quiet", "add", str(part), "part", folder=project)
    git("add", "a.txt", folder=project)
    git("commit", "-q", "-m", "first", folder=project)
    for samples in project.rglob("*.sample"):
        samples.unlink()
    return folder


def _repository(base: Path) -> None:
    shutil.copytree(Path(_template().name, "project"), base / "home/project", symlinks=True)


def _hooked(base: Path) -> None:
    """A project whose settings name a folder of hooks, one a link to a script, and more settings."""
    project = base / "home/project"
    (project / "named/hooks").mkdir(parents=True)
    (project / "named/hooks/commit-msg").write_text("#!/bin/sh\n")
    (project / "named/hooks/commit-msg").chmod(0o755)
    (project / "named/tools").mkdir()
    (project / "named/tools/check").write_text("#!/bin/sh\n")
    (project / "named/hooks/pre-push").symlink_to("../tools/check")
    (project / "named/settings").write_text("\n")
    git("init", "-q", folder=project)
    git("config", "core.hooksPath", "named/hooks", folder=project)
    git("config", "include.path", "../named/settings", folder=project)


def _bare(base: Path) -> None:
    (base / "home/project").mkdir()


@contextmanager
def _shared(key: int) -> Iterator[None]:
    """A queue with a message, and memory, that all processes of a user share."""
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    queue, memory = libc.msgget(key, 0o1666), libc.shmget(key, 100, 0o1666)
    try:
        said = ctypes.create_string_buffer(b"\1" + bytes(7) + CANARY.encode())
        libc.msgsnd(queue, said, len(CANARY), 0)
        ctypes.memmove(libc.shmat(memory, None, 0), CANARY.encode(), len(CANARY))
        yield
    finally:
        libc.msgctl(queue, 0, None)
        libc.shmctl(memory, 0, None)


def _worktree(base: Path) -> None:
    main = base / "main"
    main.mkdir()
    git("init", "-q", folder=main)
    git("commit", "-q", "--allow-empty", "-m", "first", folder=main)
    for samples in (main / ".git/hooks").iterdir():
        samples.unlink()
    git("worktree", "add", "-q", str(base / "home/project"), folder=main)


def _pointer(base: Path) -> None:
    """A project that claims to be a worktree of what is none of its."""
    fake = base / "outside/fake"
    (fake / "worktrees/x").mkdir(parents=True)
    (fake / "objects").mkdir()
    (fake / "canary").write_text(CANARY)
    (base / "home/project").mkdir()
    (base / "home/project/.git").write_text(f"gitdir: {fake}/worktrees/x\n")


@dataclass(frozen=True)
class Tried:
    """What came of one row."""

    output: str
    code: int | None
    note: str
    seconds: float


def tried(
    rows: Sequence[Mapping[str, Any]], where: Sequence[Area], backend: str, user: str
) -> Iterator[Tried]:
    """Run each row in its area, one after another; a result comes before the next row is begun."""
    with ExitStack() as stack:
        root, python = ROOT, sys.executable
        if user == "nobody":  # neither the checkout nor the tests' Python need be readable for others
            python = str(SYSTEM_PYTHON)
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="roost-code-")))
            root.chmod(0o755)
            for name in ("core", "tool", "boot", "store", "tests/tool/sandbox"):
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        driver = subprocess.Popen(
            [python, str(root / "tests/tool/sandbox/driver.py"), backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "SOME_API_KEY": CANARY, "LANG": "C.UTF-8"} | TOOLCHAINS,
            cwd="/",
            **_as_user(user),
        )
        stack.enter_context(driver)
        stack.callback(driver.kill)
        assert driver.stdin
        assert driver.stdout
        for row, area in zip(rows, where, strict=True):
            asked = (
                {"seconds": ROW_SECONDS, "tight": True} | dict(row) | {"environment": dict(area.environment)}
            )
            driver.stdin.write(json.dumps(asked | {"project": str(area.project)}) + "\n")
            driver.stdin.flush()
            yield Tried(**json.loads(driver.stdout.readline()))
