"""Where a project is kept: what may be expected of its file by whoever reads or changes it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from core.project import Project
from core.values import value

Act = Callable[[Project], Project]
"""What a project becomes. It may be asked twice, when somebody else was quicker; it raises PlanRefused."""


@value
class ProjectChange:
    before: Project
    after: Project


class ProjectStore(Protocol):
    @property
    def name(self) -> str:
        """How its file is told of, relative to the workspace."""
        ...

    def stamp(self) -> object:
        """Another value whenever the file is another one; None where there is none. Costs one look at it."""
        ...

    def load(self) -> Project | None:
        """None when there is none. Raises StoreError for a file that is damaged, or newer than we are."""
        ...

    def change(self, act: Act) -> ProjectChange:
        """Let nobody else change it meanwhile, and keep what `act` makes of it.

        Raises:
            PlanRefused: there is no project, or `act` refused; nothing has changed.
            StoreError: as `load` does, or it cannot be written.
        """
        ...

    def begin(self, project: Project) -> Project | None:
        """Put a new one in the place of what there is, which is kept beside it. Answers what there was.

        Raises:
            StoreError: as `change` does.
        """
        ...


class Runners(Protocol):
    """Who works on tasks of a project now: whoever is gone is not among them, however it ended."""

    def enter(self) -> AbstractContextManager[str]:
        """A name of one's own, for as long as the block lasts."""
        ...

    def is_there(self, runner: str) -> bool: ...
