"""A plan, and a store in memory that keeps it."""

from dataclasses import dataclass

from core.errors import StoreError
from core.project import Project, Stage, Task
from core.project_store import Act, ProjectChange

PLAN = Project(
    goal="A shop", stage=Stage.EXECUTING, tasks=(Task(id="1", title="Model"), Task(id="2", title="View"))
)


@dataclass
class Kept:
    """A store in memory."""

    plan: Project | None = PLAN
    damage: str = ""
    name: str = ".roost/project.json"
    looks: int = 0

    def stamp(self) -> object:
        return (id(self.plan), self.damage)

    def load(self) -> Project | None:
        self.looks += 1
        if self.damage:
            raise StoreError(self.damage, hint="Mend it.")
        return self.plan

    def change(self, act: Act) -> ProjectChange:
        assert self.plan
        before, self.plan = self.plan, act(self.plan)
        return ProjectChange(before=before, after=self.plan)

    def begin(self, project: Project) -> Project | None:
        self.plan, before = project, self.plan
        return before
