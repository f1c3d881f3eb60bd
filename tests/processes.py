"""Processes, seen from outside: whether they are there, what they do, and what they say at a terminal."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.clocks import ENOUGH_SECONDS

ROOT = Path(__file__).parents[1]


def printed_by(program: str, folder: Path = ROOT) -> str:
    """What a Python of its own prints that runs it in `folder`; it ends well, and says nothing else."""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=ENOUGH_SECONDS
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def wait_until(done: Callable[[], object], by: "subprocess.Popen[str]") -> None:
    """Until a process has `done` something; it may not end before."""
    ended = False
    while not done():
        assert not ended
        ended = by.poll() is not None
        time.sleep(0.005)


def running(command: str) -> list[int]:
    """All processes that run it, whoever has started them."""
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if command == " ".join(argv_of(pid))]


def argv_of(pid: int) -> list[str]:
    """Nothing when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    return []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def has_ended(pid: int) -> bool:
    """Whether a process that is no child of ours ends, soon or on a busy machine later."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], ENOUGH_SECONDS)[0])
    finally:
        os.close(process)


def all_said(terminal: int) -> str:
    """At the other end of a terminal that nobody holds any more; a kernel hands it over in pieces."""
    pieces = list[bytes]()
    with suppress(OSError):  # so the end is told
        while piece := os.read(terminal, 4096):
            pieces.append(piece)
    return b"".join(pieces).decode()
