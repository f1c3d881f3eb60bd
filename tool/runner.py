"""A fork server: started once per agent, it makes a command cost a few milliseconds and leave nothing behind.

    agent ── one byte, descriptors ──▶ runner ──fork──▶ supervisor ──fork──▶ command ──▶ what it starts
      ▲                                                    │
      └──── request and report, on the command's socket ───┘

A supervisor adopts what its command leaves behind (Linux: child subreaper) and ends it when the command has
ended, or when the agent's end of the socket is closed: by a time-out, a cancelled call, or the agent's death.

This file is run by its path with `python -I -S`. It imports the standard library only, and nothing of ours.
"""

import ctypes
import fcntl
import io
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn

LINUX = sys.platform == "linux"
END_WITH_PARENT, SET_FILTER, DROP_BOUNDING, SET_CHILD_SUBREAPER, NO_NEW_RIGHTS = 1, 22, 24, 36, 38  # prctl(2)
SET_CAPABILITIES, RESTRICT_SELF = {"x86_64": 126, "aarch64": 91}, 446
FILTER_MODE, CAPABILITY_VERSION = 2, 0x20080522
MOST_DESCRIPTORS, PAGE_BYTES, THREADS_EACH = 16, resource.getpagesize(), 8
FIRST_FREE_DESCRIPTOR = 64
"""Descriptors wait here until they are put in their places, so that none lands on another."""

LEAVE, END, KILL = 0, signal.SIGTERM, signal.SIGKILL
ENDING = ((END, 0.5), (KILL, 1.2))
"""Signals for what is left, and how many seconds each may take; with the grace, 1.8 together."""
WATCH_SECONDS = 0.25
"""How often a command's processes are counted and measured, if it has ceilings."""
GRACE, AT_ONCE = (LEAVE, 0.1), ((KILL, 1.7),)
"""A `>(tee log)` still has its last lines to write when its shell has ended."""


def main() -> NoReturn:
    requests = socket.socket(fileno=int(sys.argv[1]))
    requests.set_inheritable(False)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps supervisors
    adopt_orphans()
    while True:
        byte, descriptors, _, _ = socket.recv_fds(requests, 1, MOST_DESCRIPTORS)
        if not byte:
            break
        serve(requests, descriptors)
    Family(0).end(((LEAVE, 2.0), (KILL, 1.0)))
    os._exit(0)


def serve(requests: socket.socket, descriptors: Sequence[int]) -> None:
    """Fork a supervisor for one command. The first descriptor is the command's own socket."""
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    control = socket.socket(fileno=descriptors[0])
    if forked(control) == 0:
        requests.close()
        supervise(control, descriptors[1:])
        os._exit(0)
    control.close()
    for descriptor in descriptors[1:]:
        os.close(descriptor)


def supervise(control: socket.socket, descriptors: Sequence[int]) -> None:
    """Run one command to its end, or to the end of whoever asked for it."""
    with control.makefile("rb") as lines:
        line = lines.readline()
    if not line.endswith(b"\n"):
        return
    request = json.loads(line)
    adopted = adopt_orphans()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)

    child = forked(control)
    if child is None:
        return
    if child == 0:
        become(request, descriptors, control)
    for descriptor in descriptors:
        os.close(descriptor)
    family = Family(child)
    why = family.wait(woken, control, request.get("ceilings", {}))
    left = family.end({"": (GRACE, *ENDING), "stopped": ENDING}.get(why, AT_ONCE))
    fields = {"status": family.status, "ended": len(family.ended), "left": left, "adopted": adopted}
    report(control, fields | {"exceeded": "" if why == "stopped" else why})


def become(request: dict[str, Any], descriptors: Sequence[int], control: socket.socket) -> NoReturn:
    """Turn this process into the command. The control socket closes itself when that worked."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals():  # under nohup, and as a job in the background, some are ignored
            if signal.getsignal(number) not in (signal.SIG_DFL, None):
                signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        waiting = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR) for fd in descriptors]
        control = socket.socket(fileno=fcntl.fcntl(control, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR))
        for descriptor, place in zip(waiting, request["places"], strict=True):
            os.dup2(descriptor, place)
        os.chdir(request["folder"])
        for name, most in request["limits"].items():
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            lowered = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (lowered, lowered))
        if "ruleset" in request:
            confine(request["ruleset"], bytes.fromhex(request["filter"]))
        os.execvpe(request["argv"][0], request["argv"], request["environment"])
    except (OSError, ValueError) as error:
        code = error.errno if isinstance(error, OSError) else 0
        report(control, {"failed": str(error), "errno": code})
    finally:
        os._exit(127)


def confine(ruleset: int, program: bytes) -> None:
    """Give up, for good, all that Landlock's `ruleset` and the filter of system calls do not allow."""
    libc = ctypes.CDLL(None, use_errno=True)

    def must(answer: int) -> None:
        if answer != 0:
            raise OSError(ctypes.get_errno(), "the sandbox could not be put in place")

    must(libc.prctl(END_WITH_PARENT, KILL, 0, 0, 0))
    must(libc.prctl(NO_NEW_RIGHTS, 1, 0, 0, 0))
    must(libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    for capability in range(64):
        libc.prctl(DROP_BOUNDING, capability, 0, 0, 0)  # only root has any to drop
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    must(libc.syscall(SET_CAPABILITIES[os.uname().machine], header, (ctypes.c_uint32 * 6)()))
    instructions = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    must(libc.prctl(SET_FILTER, FILTER_MODE, described, 0, 0))


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
        """End all that is left, politely first; how many withstood."""
        pause = 0.0005
        for number, seconds in phases:
            deadline = time.monotonic() + seconds
            told: set[int] = set()
            while self.is_alive():
                if time.monotonic() > deadline:
                    break
                if number != LEAVE:
                    self.tell(number, told)
                time.sleep(pause := min(0.008, 2 * pause))
        return len(set(self.members())) if self.is_alive() else 0

    def is_alive(self) -> bool:
        return self.reap() or bool(not LINUX and self.head and signalled(-self.head, 0))

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
        with suppress(FileNotFoundError, ProcessLookupError), io.FileIO(f"/proc/{pid}/stat") as file:
            state, parent = file.readall().rpartition(b")")[2].split()[:2]
            if state not in b"ZX":
                yield pid, int(parent)


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


def forked(control: socket.socket) -> int | None:
    """Like fork(2); None, and a report, when there may be no more processes."""
    try:
        return os.fork()
    except OSError as error:
        report(control, {"failed": error.strerror, "errno": error.errno})
        return None


def report(control: socket.socket, fields: dict[str, Any]) -> None:
    with suppress(OSError):  # the agent is gone: nobody wants to know
        control.sendall(json.dumps(fields).encode() + b"\n")


if __name__ == "__main__":
    main()
