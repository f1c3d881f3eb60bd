"""Skills that are instructions: folders with a SKILL.md (agentskills.io), which are read and never run.

name and description, at the head ──▶ its text, when it is used ──▶ its files, one by one
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from core.errors import ToolError
from core.values import value


@value
class SkillFolder:
    name: str
    description: str
    """One line: what it is for, and when."""
    place: Literal["project", "user"]
    path: str
    """Relative to the workspace for one of the project, else absolute."""


class SkillFolders(Protocol):
    def found(self) -> Sequence[SkillFolder]:
        """As they are just now: the project's before the user's, each in the order of their names."""
        ...

    def faults(self) -> Sequence[str]:
        """Why some are left out, in sentences for people."""
        ...

    def instructions(self, skill: SkillFolder) -> str:
        """The text below the head. Raises ToolError."""
        ...

    def files(self, skill: SkillFolder) -> Sequence[str]:
        """Its other files, by their paths within it; the first of them when there are many."""
        ...

    def text_of(self, skill: SkillFolder, file: str) -> str:
        """Of one of its files. Raises ToolError."""
        ...


class NoSkillFolders:
    """Stands where nobody looks for any."""

    def found(self) -> Sequence[SkillFolder]:
        return ()

    def faults(self) -> Sequence[str]:
        return ()

    def instructions(self, skill: SkillFolder) -> str:
        raise ToolError(f"There is no skill {skill.name!r}.")

    def files(self, skill: SkillFolder) -> Sequence[str]:
        return ()

    def text_of(self, skill: SkillFolder, file: str) -> str:
        raise ToolError(f"There is no skill {skill.name!r}.")
