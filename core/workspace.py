"""The folder the agent may touch, and the only way from a model's path to a real one."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.errors import OutsideWorkspace, ToolError


@dataclass(frozen=True)
class Workspace:
    root: Path

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

    def name_of(self, path: Path) -> str:
        """How a model is told of `path`: relative to the root, with forward slashes."""
        return path.relative_to(self.real_root).as_posix()


def make_artifacts(folder: Path) -> Path:
    """Make `.roost/artifacts`, and tell git to leave it out."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        ignored = folder.parent / ".gitignore"
        if not ignored.exists():
            ignored.write_text(f"{folder.name}/\n", encoding="utf-8")
    return folder
