"""Before a back-end is trusted: a program inside it tries to get out, and its effects are looked at."""

import asyncio
import json
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import ToolError
from core.sandbox import Command, Limits, SandboxBackend
from tool.sandbox_probe import DONE

PROBE = Path(__file__).with_name("sandbox_probe.py")
CANARY = "canary-4f1c"
UNCHANGED = "as it was"
WALL_SECONDS = 60.0


async def trial(make: Callable[[Path, Path], SandboxBackend], below: Path) -> tuple[str, ...]:
    """What a command inside could do and should not; nothing when the back-end may be used.

    Args:
        make: the back-end for a project, given its folder and the home that lies in.
        below: the real path of a folder in which one for the trial can be made.
    """
    with tempfile.TemporaryDirectory(prefix="trial-", dir=below) as base:
        ground = Ground(Path(base))
        victim = await asyncio.create_subprocess_exec("sleep", str(10 * WALL_SECONDS))
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
            local.bind(f"\0{ground.base.name}")
            local.listen()
            said = await _said(make(ground.project, ground.home), ground, server.getsockname()[1], victim.pid)
            heard = select.select([server, local], [], [], 0)[0]
        with suppress(ProcessLookupError):
            victim.terminate()
        was_ended = await victim.wait() != -signal.SIGTERM  # by the probe: with SIGKILL, which comes first
        return tuple(ground.findings(said, heard=bool(heard), was_ended=was_ended))


async def _said(backend: SandboxBackend, ground: "Ground", port: int, victim: int) -> str:
    aims = ground.aims() | {"connect": port, "connect_locally": f"\0{ground.base.name}", "end": victim}
    argv = (sys.executable, "-I", "-S", str(PROBE), json.dumps(aims))
    limits = Limits(wall_seconds=WALL_SECONDS, kept_chars=2_000)
    try:
        result = await backend.run(Command(argv=argv, cwd=ground.project), backend.policy, limits)
    except ToolError as error:
        return str(error)
    finally:
        await backend.aclose()
    return result.head + result.tail


@dataclass(frozen=True)
class Ground:
    """A home with a project, and things beside it that a command has no business with."""

    base: Path

    def __post_init__(self) -> None:
        for folder in ("hooks", "info", "objects", "refs"):
            (self.git / folder).mkdir(parents=True)
        (self.git / "HEAD").write_text("ref: refs/heads/main\n")
        (self.git / "config").write_text(UNCHANGED)
        (self.home / "canary").write_text(CANARY)

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def project(self) -> Path:
        return self.home / "project"

    @property
    def git(self) -> Path:
        return self.project / ".git"

    def aims(self) -> dict[str, object]:
        """What the probe tries, by the name of the attempt."""
        return {
            "work": str(self.project / "done"),
            "read": str(self.home / "canary"),
            "write": str(self.home / "escaped"),
            "setting": str(self.git / "config"),
            "hook": str(self.git),
        }

    def findings(self, said: str, *, heard: bool, was_ended: bool) -> Iterator[str]:
        if DONE not in said or not (self.project / "done").exists():
            yield f"commands do not run in it: {said.strip()[-300:] or 'no word from them'}"
        if CANARY in said:
            yield "it reads files of the home"
        if (self.home / "escaped").exists():
            yield "it writes files outside its folder"
        if heard:
            yield "it reaches servers on this machine"
        if was_ended:
            yield "it ends processes outside"
        if self._of_git() != {"config": UNCHANGED}:
            yield "it changes what git runs"

    def _of_git(self) -> dict[str, str]:
        """The files that say what git runs, with what is in them."""
        paths = (self.git / "config", *self.git.glob("hooks/*"))
        return {path.name: path.read_text() for path in paths if path.is_file()}
