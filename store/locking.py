"""One process at a time: an advisory lock on an open file, which the system lets go when the process ends."""

import os
import sys
from pathlib import Path

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


def make_private_folder(folder: Path) -> None:
    """`folder` and what is missing above it, for the owner's eyes only."""
    for missing in [path for path in (*reversed(folder.parents), folder) if not path.exists()]:
        missing.mkdir(mode=0o700, exist_ok=True)
