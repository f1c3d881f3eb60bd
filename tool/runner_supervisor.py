"""A process for each command: becomes its parent, holds it to its ceilings, and reports how it ended.

A supervisor adopts what its command leaves behind (Linux: child subreaper) and ends it when the command has
ended, or when the agent's end of the socket is closed: by a time-out, a cancelled call, or the agent's death.

It is forked from `tool/runner.py`, and imports the standard library only.
"""

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from tool.runner_family import END, KILL, LEAVE, Family, adopt_orphans

END_WITH_PARENT, SET_FILTER, DROP_BOUNDING, NO_NEW_RIGHTS = 1, 22, 24, 38  # prctl(2)
SET_CAPABILITIES, RESTRICT_SELF = {"x86_64": 126, "aarch64": 91}, 446
FILTER_MODE, CAPABILITY_VERSION = 2, 0x20080522
FIRST_FREE_DESCRIPTOR = 64
"""Descriptors wait here until they are put in their places, so that none lands on another."""

ENDING = ((END, 0.5), (KILL, 1.2))
"""Signals for what is left, and how many seconds each may take; with the grace, 1.8 together (8 if busy)."""
GRACE, AT_ONCE = (LEAVE, 0.1), ((KILL, 1.7),)
"""A `>(tee log)` still has its last lines to write when its shell has ended."""


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
