"""How tools open and write files: never a device, never half a file, never a swapped link."""

import errno
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from core.beneath import KINDS, LEFT_OVER_SECONDS, NotRegular
from core.errors import ToolError
from core.masking import Masking
from core.text import printable, quoted
from core.workspace import Workspace

MOST_EDITED_BYTES = 32_000_000
NEIGHBOURS = 2_000
MOST_NAMED = 8
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


@contextmanager
def opened(workspace: Workspace, asked: str) -> Iterator[tuple[Path, BinaryIO]]:
    """The real path of `asked` and the regular file there, open for reading.

    Raises:
        ToolError: there is none, or it cannot be read; names the closest that there are.
    """
    path = workspace.to_read(asked)
    try:
        with workspace.opened(path) as file:
            yield path, file
    except OSError as error:
        raise unreadable(workspace, asked, path, error) from error


def content_of(workspace: Workspace, asked: str) -> tuple[Path, bytes]:
    """The real path and all bytes of a file that is about to be changed. Raises ToolError."""
    path, content = content_if_any(workspace, asked)
    if content is None:
        raise missing(workspace, asked, path)
    return path, content


def content_if_any(workspace: Workspace, asked: str) -> tuple[Path, bytes | None]:
    """As `content_of`, but None for a file that is not there."""
    path = workspace.to_write(asked)
    workspace.to_read(asked)  # what is changed is shown
    try:
        with workspace.opened(path) as file:
            content = file.read(MOST_EDITED_BYTES + 1)
    except OSError as error:
        if error.errno in ABSENT:
            return path, None
        raise unreadable(workspace, asked, path, error) from error
    if len(content) > MOST_EDITED_BYTES:
        said = f"{quoted(asked)} is larger than {MOST_EDITED_BYTES // 1_000_000} MB."
        raise ToolError(said, hint="Change it with a command.")
    return path, content


def unreadable(workspace: Workspace, asked: str, path: Path, error: OSError) -> ToolError:
    """What a model is told of a path that cannot be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return missing(workspace, asked, path)
    if isinstance(error, NotRegular):
        is_folder = error.kind == stat.S_IFDIR
        hint = f"It holds {_held(workspace, path)}." if is_folder else "Only regular files can be used."
        return ToolError(f"{quoted(asked)} is {KINDS.get(error.kind, 'no file')}.", hint=hint)
    said = f"{quoted(asked)} cannot be read: {error.strerror or error}."
    return ToolError(said, hint="Use another path.")


def missing(workspace: Workspace, asked: str, path: Path) -> ToolError:
    """The error for a path that is not there."""
    names = _close_names(workspace, path) if path != workspace.real_root else []
    close = [printable(workspace.name_of(path.parent / name)) for name in names]
    if close:
        return ToolError(f"There is no {quoted(asked)}.", hint=f"Did you mean {' or '.join(close)}?")
    root = workspace.real_root
    above = (folder for folder in path.parents if folder.is_relative_to(root) and folder.is_dir())
    folder = next(above, root)
    where = "The workspace" if folder == root else printable(workspace.name_of(folder))
    return ToolError(f"There is no {quoted(asked)}.", hint=f"{where} holds {_held(workspace, folder)}.")


def require_no_marks(masking: Masking, asked: str, before: str, after: str) -> None:
    """Raises ToolError when a mark would be written in the place of the secret that it stands for."""
    if mark := masking.mistaken(before, after):
        said = f"{quoted(asked)} was not changed: {mark} stands for a value that you cannot see"
        hint = "It would replace that. Change other lines, in parts, or ask the person to do it."
        raise ToolError(f"{said}.", hint=hint)


def write_atomically(
    workspace: Workspace, path: Path, content: bytes, clock: Callable[[], float] = time.time
) -> None:
    """Replace the file at a real path by one with `content` and the same rights, or leave it as it is.

    What killed processes left of the same in its folder goes when it is old.

    Raises:
        ToolError: the folder or the file may not be written.
    """
    try:
        with workspace.hold(path.parent, make=True) as folder:
            folder.replace(path.name, content)
            with suppress(OSError):  # one may write into a folder that one may not list
                folder.clear(before=clock() - LEFT_OVER_SECONDS)
    except OSError as error:
        blocked = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file is where its folder should be" if blocked else error.strerror
        said = f"{printable(path.name)!r} cannot be written: {why}."
        raise ToolError(said, hint="Look at the folder and its rights.") from error


def _held(workspace: Workspace, folder: Path) -> str:
    """The first names in a folder: not every model is offered a tool that lists them."""
    with suppress(OSError), workspace.hold(folder) as held, held.scan() as entries:
        names = sorted(
            printable(entry.name) + "/" * entry.is_dir(follow_symlinks=False)
            for entry in islice(entries, NEIGHBOURS)
            if not entry.name.startswith(".")
        )
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        return f"{', '.join(names[:MOST_NAMED])}{more}" if names else "nothing"
    return "nothing that can be read"


def _close_names(workspace: Workspace, path: Path) -> list[str]:
    with suppress(OSError), workspace.hold(path.parent) as folder, folder.scan() as entries:
        names = {entry.name.casefold(): entry.name for entry in islice(entries, NEIGHBOURS)}
        return [names[name] for name in get_close_matches(path.name.casefold(), names, n=3)]
    return []
