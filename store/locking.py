"""One process at a time: an advisory lock on an open file, which the system lets go when the process ends."""

import os
import sys

FAR_BEYOND_THE_END = 0x7FFF_0000
"""Windows locks bytes, and a locked byte cannot be read: so the one that is locked is never written."""


def try_lock(descriptor: int) -> bool:
    """False when another process has it. On a file system without locks nobody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, FAR_BEYOND_THE_END, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
