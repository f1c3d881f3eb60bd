"""How tools open and write files: never a device, never half a file, never a swapped link."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from core.errors import ToolError
from core.text import printable, quoted
from core.workspace import Workspace
from tool.opening import KINDS, NotRegular, open_regular

MOST_EDITED_BYTES = 32_000_000
NEIGHBOURS = 2_000


@contextmanager
def opened(workspace: Workspace, asked: str) -> Iterator[tuple[Path, BinaryIO]]:
    """The real path of `asked` and the regular file there, open for reading.

    Raises:
        ToolError: there is none, or it cannot be read; names the closest that there are.
    """
    path = workspace.resolve(asked)
    try:
        with open_regular(path) as file:
            yield path, file
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing(workspace, asked, path) from error
    except NotRegular as error:
        is_folder = error.kind == stat.S_IFDIR
        hint = "list_files shows what is in it." if is_folder else "Only regular files can be used."
        raise ToolError(f"{quoted(asked)} is {KINDS.get(error.kind, 'no file')}.", hint=hint) from error
    except OSError as error:
        said = f"{quoted(asked)} cannot be read: {error.strerror or error}."
        raise ToolError(said, hint="Use another path.") from error


def content_of(workspace: Workspace, asked: str) -> tuple[Path, bytes]:
    """The real path and all bytes of a file that is about to be changed. Raises ToolError."""
    with opened(workspace, asked) as (path, file):
        content = file.read(MOST_EDITED_BYTES + 1)
    if len(content) > MOST_EDITED_BYTES:
        said = f"{quoted(asked)} is larger than {MOST_EDITED_BYTES // 1_000_000} MB."
        raise ToolError(said, hint="Change it with a command.")
    return path, content


def content_if_any(workspace: Workspace, asked: str) -> tuple[Path, bytes | None]:
    """As `content_of`, but None for a file that is not there."""
    path = workspace.resolve(asked)
    return content_of(workspace, asked) if os.access(path, os.F_OK) else (path, None)


def missing(workspace: Workspace, asked: str, path: Path) -> ToolError:
    """The error for a path that is not there."""
    names = _close_names(path) if path != workspace.real_root else []
    close = [printable(workspace.name_of(path.parent / name)) for name in names]
    hint = f"Did you mean {' or '.join(close)}?" if close else "list_files and find_files show what there is."
    return ToolError(f"There is no {quoted(asked)}.", hint=hint)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by a file with `content` and the same mode, or leave it as it is.

    Raises:
        ToolError: the folder or the file may not be written.
    """
    unfinished = path.parent / f".roost-{secrets.token_hex(6)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            with suppress(FileNotFoundError):
                os.fchmod(file.fileno(), stat.S_IMODE(path.lstat().st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        blocked = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file is where its folder should be" if blocked else error.strerror
        said = f"{printable(path.name)!r} cannot be written: {why}."
        raise ToolError(said, hint="Look at the folder and its rights.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _close_names(path: Path) -> list[str]:
    with suppress(OSError), os.scandir(path.parent) as entries:
        names = {entry.name.casefold(): entry.name for entry in islice(entries, NEIGHBOURS)}
        return [names[name] for name in get_close_matches(path.name.casefold(), names, n=3)]
    return []
