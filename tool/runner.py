"""A fork server: started once per agent, it makes a command cost a few milliseconds and leave nothing behind.

    agent ── one byte, descriptors ──▶ runner ──fork──▶ supervisor ──fork──▶ command ──▶ what it starts
      ▲                                                    │
      └──── request and report, on the command's socket ───┘

This file is run by its path with `python -I -S`. It imports the standard library only, and of ours nothing
but `runner_supervisor.py` and `runner_family.py`, which do the same.
"""

import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

if __name__ == "__main__":
    sys.path.append(__file__.rpartition("/tool/")[0])  # -I leaves no way to ours; behind all else

from tool.runner_family import KILL, LEAVE, Family, adopt_orphans
from tool.runner_supervisor import forked, supervise

MOST_DESCRIPTORS = 16


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
    Family(0).end(((LEAVE, 8.0), (KILL, 1.0)))
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


if __name__ == "__main__":
    main()
