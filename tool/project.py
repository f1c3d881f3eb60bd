"""`project`: the plan the model works by, shown and changed."""

import asyncio
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, Field

from core.errors import PlanRefused, StoreError, ToolError
from core.permissions import Effect
from core.project import Project, Status, Task, added, changed, find, new_id, noted, with_status
from core.project_outline import changes, outline, progress, ready_line, task_text
from core.project_store import ProjectStore
from core.text import clip
from core.tools import ToolContext, ToolResult, ToolServices
from core.values import Clock, utc_now
from core.views import Table

SHOWN_SHARE = 0.5
"""Of the longest answer: the plan is looked at again and again."""
MOST_NOTE_CHARS, MOST_ROWS = 2_000, 200


class ProjectArgs(BaseModel):
    """Show the plan, or change a task. A title alone adds one."""

    task: str = ""
    title: str = ""
    status: Literal["todo", "doing", "done", "blocked", "dropped"] | None = None
    note: str = ""
    after: list[str] = Field(default_factory=list)
    check: str = Field(default="", description="command")

    @property
    def only_shows(self) -> bool:
        return not (self.title or self.status or self.note or self.after or self.check)


@dataclass(frozen=True)
class ProjectTool:
    services: ToolServices
    clock: Clock = utc_now
    name = "project"
    args = ProjectArgs
    effect = Effect.WRITE

    def effect_of(self, args: ProjectArgs) -> Effect:
        return Effect.READ if args.only_shows else Effect.WRITE

    async def run(self, args: ProjectArgs, context: ToolContext) -> ToolResult:
        store = self.services.project
        if store is None:
            raise ToolError("There is no plan in this workspace.", hint="Work without one.")
        try:
            return await asyncio.to_thread(self._shown if args.only_shows else self._changed, store, args)
        except (PlanRefused, StoreError) as error:
            raise ToolError(str(error.args[0]), hint=error.hint) from error

    def _shown(self, store: ProjectStore, args: ProjectArgs) -> ToolResult:
        project = store.load()
        if project is None:
            raise ToolError("There is no plan any more.", hint="Work without one.")
        room = int(self.services.profile.output_chars * SHOWN_SHARE)
        if args.task:
            return ToolResult(task_text(find(project, args.task), room), _table(project))
        text = outline(project, room, more=f"name one as `task`, or read {store.name}")
        return ToolResult("\n".join(filter(None, (text, ready_line(project)))), _table(project))

    def _changed(self, store: ProjectStore, args: ProjectArgs) -> ToolResult:
        change = store.change(lambda project: self._act(project, args))
        done = changes(change.before, change.after) or "Nothing has changed: it was so already."
        text = "\n".join(filter(None, (done, _unproven(change.after, args), ready_line(change.after))))
        return ToolResult(text, _table(change.after))

    def _act(self, project: Project, args: ProjectArgs) -> Project:
        note = clip(args.note.strip(), MOST_NOTE_CHARS)
        if not args.task:
            if args.title:
                return added(project, _new_task(project, args, note))
            if args.status or args.after or args.check:
                raise PlanRefused("It is not said which task.", hint="Name its id as `task`.")
            return noted(project, note, at=self.clock())
        task = find(project, args.task)
        after, checks = tuple(args.after) or task.after, (*task.checks, *_new_checks(task, args))
        new = replace(task, title=args.title or task.title, after=after, checks=checks)
        project = changed(project, new) if new != task else project
        if args.status:
            return with_status(project, task.id, _status(new, args), note=note)
        return noted(project, note, task_id=task.id, at=self.clock()) if note else project


def _new_task(project: Project, args: ProjectArgs, note: str) -> Task:
    return Task(
        id=new_id(project),
        title=args.title,
        detail=note,
        after=tuple(args.after),
        checks=(args.check,) if args.check else (),
    )


def _new_checks(task: Task, args: ProjectArgs) -> list[str]:
    """A model may add checks, and not take away what it is measured by."""
    return [args.check] if args.check and args.check not in task.checks else []


def _status(task: Task, args: ProjectArgs) -> Status:
    """The model's word is no proof: what has checks is reviewed first."""
    if args.status == "done" and task.checks and task.status is not Status.DONE:
        return Status.REVIEW
    return Status(args.status or task.status)


def _unproven(project: Project, args: ProjectArgs) -> str:
    if not args.task or args.status != "done" or find(project, args.task).status is not Status.REVIEW:
        return ""
    return "It has checks: it counts as done once the person has run them (roost project check)."


def _table(project: Project) -> Table:
    left = len(project.tasks) - MOST_ROWS
    rows = [
        (task.id, task.status.value, task.title, ", ".join(task.after)) for task in project.tasks[:MOST_ROWS]
    ]
    note = f"{left:,} more" if left > 0 else ""
    title = f"{clip(project.goal, 200)} ({progress(project)})"
    return Table(title=title, columns=("task", "status", "title", "after"), rows=tuple(rows), note=note)
