"""A command with everything below it, as its supervisor sees it: counted, measured, told to end, and buried.

Runs in `tool/runner.py` and in what that forks, and imports the standard library only.
"""

import ctypes
import io
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

LINUX = sys.platform == "linux"
SET_CHILD_SUBREAPER = 36  # prctl(2)
PAGE_BYTES, THREADS_EACH = resource.getpagesize(), 8
LEAVE, END, KILL = 0, signal.SIGTERM, signal.SIGKILL
WATCH_SECONDS = 0.25
"""How often a command's processes are counted and measured, if it has ceilings."""
PATIENCE_SECONDS = 2.0
"""How much longer a phase of its end may take while its processes wait for a processor, or use one."""


class Family:
    """A command and everything below it."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.status: int | None = None
        """How the head ended, as wait(2) tells it."""
        self.ended: set[int] = set()
        """Who had to be told to end, the head aside."""

    def wait(self, woken: int, control: socket.socket, ceilings: dict[str, int]) -> str:
        """Until the head has ended; else "stopped", as nobody waits any more, or the ceiling passed."""
        sources: list[int | socket.socket] = [woken, control]
        while self.reap() and self.status is None:
            ready, _, _ = select.select(sources, [], [], WATCH_SECONDS if ceilings else None)
            if control in ready:
                return "stopped"
            if woken in ready:
                os.read(woken, 512)
            elif passed := self.beyond(ceilings):
                return passed
        return ""

    def beyond(self, ceilings: dict[str, int]) -> str:
        """Which ceiling all members together are above."""
        members = set(self.members())
        most = ceilings.get("processes", len(members))
        if len(members) > most or sum(map(threads, members)) > THREADS_EACH * most > 0:
            return "processes"
        most = ceilings.get("memory_bytes", 0)
        if most and sum(map(resident, members)) > most and sum(map(proportional, members)) > most:
            return "memory_bytes"
        return ""

    def reap(self) -> bool:
        """Bury the dead; whether a child is left."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self.head:
                    self.status = status
        except ChildProcessError:
            return False

    def end(self, phases: Sequence[tuple[int, float]]) -> int:
        """End all that is left, politely first; how many withstood.

        The seconds of a phase are those of our pauses: where we come late, so do the others.
        """
        pause = 0.0005
        for number, seconds in phases:
            left, patience, told = seconds, PATIENCE_SECONDS, set[int]()
            while self.is_alive():
                if number != LEAVE:
                    self.tell(number, told)
                if left <= 0:
                    break
                time.sleep(pause := min(0.008, 2 * pause))
                if patience > 0 and self.is_busy():
                    patience -= pause
                else:
                    left -= pause
        return len(set(self.members())) if self.is_alive() else 0

    def is_alive(self) -> bool:
        return self.reap() or bool(not LINUX and self.head and signalled(-self.head, 0))

    def is_busy(self) -> bool:
        """Whether a member is at work, or would be if it had a processor."""
        return any(status_of(pid)[:1] == [b"R"] for pid in self.members())

    def tell(self, number: int, told: set[int]) -> None:
        """Send a signal to all members, SIGTERM only to those not `told` yet."""
        members = set(self.members())
        for pid in members if number == KILL else members - told:
            if signalled(pid, number) and pid != self.head:
                self.ended.add(pid)
        if self.head and not LINUX and (number == KILL or not told):
            signalled(-self.head, number)
        told |= members or {self.head}

    def members(self) -> Iterator[int]:
        """Everything alive below this process; where there is no /proc, what the head's group may be."""
        if not LINUX:
            yield from (self.head,) if self.head and self.status is None else ()
            return
        children: dict[int, list[int]] = {}
        for pid, parent in living():
            children.setdefault(parent, []).append(pid)
        parents = [os.getpid()]
        for parent in parents:
            yield from (below := children.get(parent, []))
            parents += below


def living() -> Iterator[tuple[int, int]]:
    """Each process that has not ended, with its parent."""
    for pid in [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]:
        if (words := status_of(pid)) and words[0] not in b"ZX":
            yield pid, int(words[1])


def status_of(pid: int) -> list[bytes]:
    """Its state, its parent and more, as /proc tells them; nothing when the process is gone."""
    with suppress(OSError), io.FileIO(f"/proc/{pid}/stat") as file:
        return file.readall().rpartition(b")")[2].split()
    return []


def line_of(path: str, start: bytes) -> list[bytes]:
    """The words of the first line of a file in /proc that begins so; none when the process is gone."""
    with suppress(OSError), io.FileIO(path) as file:
        return next((line.split() for line in file.readall().splitlines() if line.startswith(start)), [])
    return []


def threads(pid: int) -> int:
    with suppress(OSError):
        return len(list(os.scandir(f"/proc/{pid}/task")))
    return 0


def resident(pid: int) -> int:
    """Bytes of memory, with all that it shares with others."""
    pages = line_of(f"/proc/{pid}/statm", b"")
    return int(pages[1]) * PAGE_BYTES if pages else 0


def proportional(pid: int) -> int:
    """Bytes of memory, its share of what is shared. Exact, and slow for large processes."""
    words = line_of(f"/proc/{pid}/smaps_rollup", b"Pss:")
    return int(words[1]) * 1024 if words else resident(pid)


def signalled(pid: int, number: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
        return True
    return False


def adopt_orphans() -> bool:
    """Become the parent of every descendant whose own parent ends. Only Linux can."""
    return LINUX and ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
