"""Files and folders for their owner alone: whatever the umask is, and from their first moment on."""

import os
import stat
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO
BINARY: int = getattr(os, "O_BINARY", 0)


def make_private_folder(folder: Path) -> None:
    """`folder` and what is missing above it. One that was there already is closed to others."""
    if not folder.is_dir():
        for missing in [path for path in (*reversed(folder.parents), folder) if not path.exists()]:
            missing.mkdir(mode=FOLDER_MODE, exist_ok=True)
    elif stat.S_IMODE(folder.stat().st_mode) & OTHERS:
        with suppress(PermissionError):  # somebody else's, who lets us write there
            folder.chmod(FOLDER_MODE)


def private_descriptor(path: Path, flags: int) -> int:
    """`path` opened: made for its owner alone, or closed to others if it was there."""
    descriptor = os.open(path, flags, FILE_MODE)
    if os.name == "posix" and stat.S_IMODE(os.fstat(descriptor).st_mode) & OTHERS:
        with suppress(PermissionError):
            os.fchmod(descriptor, FILE_MODE)
    return descriptor


def appended(path: Path) -> TextIOWrapper:
    """A text file, made if need be, to be written to at its end."""
    return open(private_descriptor(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "a", encoding="utf-8")


def new_private_file(path: Path) -> BinaryIO:
    """Raises FileExistsError when there is one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, FILE_MODE), "wb")


def replace_private_file(path: Path, content: bytes, *, sync: bool = False) -> None:
    """Put `content` in the place of `path`, so that whoever reads it has all of the old or of the new.

    `sync`: also after a power cut.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    replaced = False
    try:
        with new_private_file(draft) as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
        replaced = True
    finally:
        if not replaced:
            draft.unlink(missing_ok=True)
