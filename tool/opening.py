"""Opening regular files, and nothing else, without ever waiting.

Imports nothing of ours, because the scanner's process (`tool/scan.py`) starts with it.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)
"""A pipe must not block, and a link that took the place of a checked path must not be followed."""

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotRegular(OSError):
    """Something that is no regular file; `kind` is the type of `stat.S_IFMT`."""

    def __init__(self, kind: int) -> None:
        super().__init__(f"it is {KINDS.get(kind, 'no file')}")
        self.kind = kind


def open_regular(path: str | Path) -> BinaryIO:
    """A regular file for reading. Raises OSError."""
    descriptor = os.open(path, FLAGS)
    try:
        if (kind := stat.S_IFMT(os.fstat(descriptor).st_mode)) != stat.S_IFREG:
            raise NotRegular(kind)
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise
