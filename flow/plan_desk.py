"""What those who carry out a plan share: its file, a name of their own, and somebody to tell."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.errors import PlanRefused
from core.project import Project, Status
from core.project_store import Act, ProjectStore
from core.text import clip
from flow.acceptance import Acceptance, Checked

NOTE_CHARS = 1_000


@dataclass(frozen=True)
class PlanDesk:
    store: ProjectStore
    me: str
    """The name among the runners."""
    tell: Callable[[str], None]
    shows_replies: bool = False
    """Whether whoever is told sees what the model says anyway."""

    def project(self) -> Project:
        """As it is now. Raises PlanRefused when there is none."""
        project = self.store.load()
        if project is None:
            raise PlanRefused("There is no plan here.", hint='Make one: roost plan "what you want".')
        return project

    async def change(self, act: Act) -> Project | None:
        """What the project is now; None where it is as it was."""
        change = await asyncio.to_thread(self.store.change, act)
        return change.after if change.after != change.before else None

    async def checked(self, acceptance: Acceptance, command: str) -> Checked:
        self.tell(f"Check: {command}")
        result = await acceptance.checked(command)
        self.tell(f"  {result.verdict}")
        return result


def failure(results: Iterable[Checked]) -> str:
    """What failed, as a note."""
    return clip("\n".join(result.said for result in results if not result.passed), NOTE_CHARS)


def waiting(project: Project) -> str:
    """Why nothing can be done now."""
    parts = []
    for status, what in (
        (Status.BLOCKED, "blocked"),
        (Status.DOING, "being done by somebody else"),
        (Status.REVIEW, "waiting for a look"),
    ):
        if ids := [task.id for task in project.tasks if task.status is status]:
            parts.append(f"{what}: {', '.join(ids[:8])}")
    return f"Nothing can be begun now ({'; '.join(parts) or 'all wait for others'}). roost project shows why."
