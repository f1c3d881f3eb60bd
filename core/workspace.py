"""The folder the agent may touch, and the only way from a model's path to a real one."""

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from os.path import normpath, realpath
from pathlib import Path
from typing import BinaryIO

from core.beneath import Held, Way, hold, opened_below
from core.errors import OutsideWorkspace, PermissionDenied, ToolError
from core.permissions import Effect
from core.records import dataclass

Forbids = Callable[[str, Effect], str]
"""Why the file at an absolute path may not be read or written, whoever asks; empty when it may."""


def nothing_forbidden(path: str, effect: Effect) -> str:
    return ""


@dataclass(frozen=True)
class Workspace:
    """Names are checked first, then opened below the root: what is swapped in between is not followed."""

    root: Path
    forbids: Forbids = nothing_forbidden
    way: Way | None = None
    """How folders below the root are reached; by default the best that the system has."""

    @cached_property
    def real_root(self) -> Path:
        return self.root.resolve()

    def resolve(self, path: str) -> Path:
        """The real path of `path`, which is relative to the root or absolute within it.

        Raises:
            OutsideWorkspace: also when a link on the way leads out.
            ToolError: for what cannot be a path at all.
        """
        try:
            real = (self.real_root / path).resolve()
        except (ValueError, OSError, RuntimeError) as error:
            raise ToolError(
                f"{path[:200]!r} is no path.", hint="Give one relative to the workspace."
            ) from error
        if not real.is_relative_to(self.real_root):
            raise OutsideWorkspace(
                f"{path!r} is outside the workspace.", hint=f"Use a path below {self.real_root}."
            )
        return real

    def to_read(self, path: str) -> Path:
        """The real path of what may be read. Raises as `resolve` does, and PermissionDenied."""
        real = self.resolve(path)
        self._permit(path, real, Effect.READ)
        return real

    def to_write(self, path: str) -> Path:
        """The real path of what may be written: a link to a file is, a way through a linked folder is not.

        Raises:
            PermissionDenied: or as `resolve` does.
        """
        real = self.resolve(path)
        spelled = Path(normpath(self.real_root / path))
        if real != self.real_root and not self._is_straight(spelled, real):
            raise PermissionDenied(
                f"{path!r} goes through a link.", hint=f"Write to {self.name_of(real)!r} itself."
            )
        self._permit(path, real, Effect.WRITE)
        return real

    def hold(self, folder: Path, *, make: bool = False) -> AbstractContextManager[Held]:
        """Hold a real folder for as long as a block lasts. Raises OSError, as `core.beneath.hold` does."""
        if not folder.is_relative_to(self.real_root):
            raise OSError(errno.EXDEV, "it is outside the workspace", str(folder))
        return hold(self.real_root, self.name_of(folder), make=make, way=self.way)

    def opened(self, file: Path) -> AbstractContextManager[BinaryIO]:
        """A real file, for reading, for as long as a block lasts. Raises OSError."""
        return opened_below(self.real_root, self.name_of(file), way=self.way)

    def name_of(self, path: Path) -> str:
        """How a model is told of `path`: relative to the root, with forward slashes."""
        return path.relative_to(self.real_root).as_posix()

    def _permit(self, asked: str, real: Path, effect: Effect) -> None:
        """Under the name that was asked for, and under the one it has."""
        for path in dict.fromkeys((normpath(self.real_root / asked), str(real))):
            if reason := self.forbids(path, effect):
                raise PermissionDenied(
                    f"{asked!r} was refused: {reason}.",
                    hint="Find another way; only the person can do this, in a terminal of their own.",
                )

    def _is_straight(self, spelled: Path, real: Path) -> bool:
        """Whether a path names its file by the real names of all folders; the file may be a link."""
        folder = Path(realpath(spelled.parent))
        if realpath(spelled) != str(real) or not folder.is_relative_to(self.real_root):
            return False
        below = folder.relative_to(self.real_root).parts
        above = len(spelled.parent.parts) - len(below)
        is_named_so = spelled.parent.parts[above:] == below
        return is_named_so and realpath(Path(*spelled.parent.parts[:above])) == str(self.real_root)
