"""Long outputs and plots, kept in `.roost/artifacts`: a folder of the project, which may be a trap.

Whoever wrote a repository may have put a link in its place, so neither of its two names is followed. What
is kept there was read or said here, so the folder is its owner's alone.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from core.beneath import Held, hold, opened_below


@contextmanager
def artifacts_in(folder: Path) -> Iterator[Held]:
    """Hold the folder, made if it is missing; git is told to leave it out then. Raises OSError."""
    with hold(folder.parents[1], folder.parent.name, make=True) as above:
        if not above.has(folder.name):
            with suppress(FileExistsError), above.create(".gitignore") as ignored:
                ignored.write(f"{folder.name}/\n".encode())
    with hold(folder.parents[1], f"{folder.parent.name}/{folder.name}", make=True) as held:
        held.close_to_others()
        yield held


def new_artifact(folder: Path, name: str) -> BinaryIO:
    """A new file in the folder, for writing. Raises OSError."""
    with artifacts_in(folder) as held:
        return held.create(name, 0o600)


def opened_artifact(file: Path) -> AbstractContextManager[BinaryIO]:
    """One of its files, for reading, for as long as a block lasts. Raises OSError."""
    return opened_below(file.parents[2], "/".join(file.parts[-3:]))
