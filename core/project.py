"""A project: its goal, the tasks of its plan, and the lab notebook. Values, and which may follow which.

stage     planning ⇄ executing ⇄ reviewing ─► complete ─► planning, executing
status    todo ⇄ doing ─► review ─► done        blocked, dropped: from every one that is not settled
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from core.errors import PlanRefused
from core.text import quoted
from core.values import value


class Stage(StrEnum):
    PLANNING = "planning"
    EXECUTING = "executing"
    REVIEWING = "reviewing"
    """All tasks are settled; their checks have to pass once more, all together."""
    COMPLETE = "complete"


class Status(StrEnum):
    TODO = "todo"
    DOING = "doing"
    REVIEW = "review"
    """Said to be done, and not shown yet."""
    DONE = "done"
    BLOCKED = "blocked"
    DROPPED = "dropped"


SETTLED = (Status.DONE, Status.DROPPED)
STAGES: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.PLANNING: (Stage.EXECUTING,),
    Stage.EXECUTING: (Stage.PLANNING, Stage.REVIEWING),
    Stage.REVIEWING: (Stage.EXECUTING, Stage.COMPLETE),
    Stage.COMPLETE: (Stage.PLANNING, Stage.EXECUTING),
}
"""Which may follow."""
STATUSES: Mapping[Status, tuple[Status, ...]] = {
    Status.TODO: (Status.DOING, Status.REVIEW, Status.DONE, Status.BLOCKED, Status.DROPPED),
    Status.DOING: (Status.TODO, Status.REVIEW, Status.DONE, Status.BLOCKED, Status.DROPPED),
    Status.REVIEW: (Status.TODO, Status.DOING, Status.DONE, Status.BLOCKED, Status.DROPPED),
    Status.BLOCKED: (Status.TODO, Status.DOING, Status.DONE, Status.DROPPED),
    Status.DONE: (Status.TODO,),
    Status.DROPPED: (Status.TODO,),
}
WAITS_FOR_OTHERS = (Status.DOING, Status.REVIEW, Status.DONE)
"""What a task may be only when all that it comes after is settled."""


@value
class Task:
    id: str
    title: str
    detail: str = ""
    status: Status = Status.TODO
    after: tuple[str, ...] = ()
    """Ids of the tasks that have to be settled before it."""
    checks: tuple[str, ...] = ()
    """Commands that end with 0 when it is done."""
    criteria: tuple[str, ...] = ()
    """What else has to be true, in words."""
    notes: tuple[str, ...] = ()
    tries: int = 0
    """How often it was begun since somebody last set it to `todo`."""
    runner: str = ""
    """Who is at it, when that is a runner and not a person."""


@value
class Observation:
    """A page of the lab notebook."""

    at: datetime
    text: str
    task: str = ""


@value
class Project:
    goal: str
    stage: Stage = Stage.PLANNING
    tasks: tuple[Task, ...] = ()
    notebook: tuple[Observation, ...] = ()
    """The oldest first."""


def require_sound(tasks: Iterable[Task]) -> None:
    """Raises PlanRefused for an id that stands twice or is unknown, and tasks that wait for each other."""
    by_id: dict[str, Task] = {}
    for task in tasks:
        if task.id in by_id:
            raise PlanRefused(f"Two tasks have the id {quoted(task.id)}.", hint="Give one of them another.")
        by_id[task.id] = task
    for task in by_id.values():
        if unknown := [other for other in task.after if other not in by_id]:
            said = f"Task {quoted(task.id)} comes after {quoted(unknown[0])}, which is not in the plan."
            raise PlanRefused(said, hint="Name the id of a task that is.")
    if circle := _circle(by_id):
        said = f"Tasks wait for each other: {' after '.join(map(quoted, circle[:8]))}."
        raise PlanRefused(said, hint="Take one of these out of `after`.")


def find(project: Project, task_id: str) -> Task:
    """Raises PlanRefused when there is no such task."""
    found = next((task for task in project.tasks if task.id == task_id), None)
    if found is None:
        ids = [task.id for task in project.tasks]
        there = ", ".join(ids[:12]) + (f" and {len(ids) - 12:,} more" if len(ids) > 12 else "")
        raise PlanRefused(f"There is no task {quoted(task_id)}.", hint=f"There are {there or 'none yet'}.")
    return found


def added(project: Project, task: Task) -> Project:
    """Raises PlanRefused when it does not fit the others."""
    if not task.title.strip():
        raise PlanRefused("A task needs a title.", hint="Say in a few words what is to be done.")
    tasks = (*project.tasks, task)
    require_sound(tasks)
    return reopened(replace(project, tasks=tasks))


def new_id(project: Project) -> str:
    """The next number."""
    return str(max((int(task.id) for task in project.tasks if _is_number(task.id)), default=0) + 1)


def changed(project: Project, task: Task) -> Project:
    """With `task` in the place of the one of its id. Raises PlanRefused when it does not fit the others."""
    before = find(project, task.id)
    if not task.title.strip():
        raise PlanRefused("A task needs a title.", hint="Say in a few words what is to be done.")
    tasks = tuple(task if one is before else one for one in project.tasks)
    if task.after != before.after:
        require_sound(tasks)
    return reopened(replace(project, tasks=tasks))


def with_status(project: Project, task_id: str, status: Status, *, note: str = "") -> Project:
    """Raises PlanRefused when it cannot become that from what it is."""
    task = find(project, task_id)
    if status is not task.status:
        _require_status(project, task, status)
    notes = (*task.notes, note) if note else task.notes
    tries = 0 if status is Status.TODO else task.tries
    runner = task.runner if status is Status.DOING else ""
    return changed(project, replace(task, status=status, notes=notes, tries=tries, runner=runner))


def noted(project: Project, text: str, *, task_id: str = "", at: datetime) -> Project:
    """To the task if one is named, else to the notebook. Raises PlanRefused when there is nothing to note."""
    if not text.strip():
        raise PlanRefused("The note is empty.", hint="Write what is worth knowing later.")
    if not task_id:
        return replace(project, notebook=(*project.notebook, Observation(at=at, text=text.strip())))
    task = find(project, task_id)
    return changed(project, replace(task, notes=(*task.notes, text.strip())))


def at_stage(project: Project, stage: Stage) -> Project:
    """Raises PlanRefused when it cannot come to that from where it is."""
    if stage is project.stage:
        return project
    if stage not in STAGES[project.stage]:
        may = " or ".join(STAGES[project.stage])
        raise PlanRefused(
            f"The project is {project.stage}: it cannot become {stage}.", hint=f"It can: {may}."
        )
    if stage is Stage.EXECUTING and not project.tasks:
        raise PlanRefused("The plan has no task yet.", hint='Add one: roost project add "…".')
    if stage in (Stage.REVIEWING, Stage.COMPLETE) and (left := unsettled(project)):
        named = ", ".join(task.id for task in left[:8])
        hint = "Finish them, or set them to dropped."
        raise PlanRefused(f"{len(left):,} tasks are neither done nor dropped: {named}.", hint=hint)
    return replace(project, stage=stage)


def unsettled(project: Project) -> list[Task]:
    return [task for task in project.tasks if task.status not in SETTLED]


def reopened(project: Project) -> Project:
    """What was thought to be finished is not, when a task of it is open."""
    finished = project.stage in (Stage.REVIEWING, Stage.COMPLETE)
    return replace(project, stage=Stage.EXECUTING) if finished and unsettled(project) else project


def ready(project: Project) -> Iterator[Task]:
    """Those to be done that wait for no other, in the plan's order."""
    settled = {task.id for task in project.tasks if task.status in SETTLED}
    for task in project.tasks:
        if task.status is Status.TODO and settled.issuperset(task.after):
            yield task


def _require_status(project: Project, task: Task, status: Status) -> None:
    if status not in STATUSES[task.status]:
        may = " or ".join(STATUSES[task.status])
        raise PlanRefused(
            f"Task {task.id} is {task.status}: it cannot become {status}.", hint=f"It can: {may}."
        )
    if status not in WAITS_FOR_OTHERS:
        return
    if project.stage is Stage.PLANNING:
        hint = "The person accepts it: roost project stage executing."
        raise PlanRefused("The plan is not accepted yet, so no task can be begun.", hint=hint)
    by_id = {one.id: one for one in project.tasks}
    if waits := [by_id[other] for other in task.after if by_id[other].status not in SETTLED]:
        said = ", ".join(f"{one.id} ({one.status})" for one in waits[:8])
        raise PlanRefused(f"Task {task.id} comes after {said}.", hint="Do these first.")


def _circle(tasks: Mapping[str, Task]) -> list[str]:
    """Ids of tasks of which each comes after the next, and the last is the first; empty: there are none."""
    waits = {task.id: len(set(task.after)) for task in tasks.values()}
    followers: dict[str, list[str]] = {}
    for task in tasks.values():
        for other in set(task.after):
            followers.setdefault(other, []).append(task.id)
    free = [name for name, count in waits.items() if not count]
    while free:
        name = free.pop()
        del waits[name]
        for follower in followers.get(name, ()):
            waits[follower] -= 1
            if not waits[follower]:
                free.append(follower)
    return _way_round(tasks, waits) if waits else []


def _way_round(tasks: Mapping[str, Task], stuck: Mapping[str, int]) -> list[str]:
    """Every task that is stuck comes after another one that is: going on leads back to where one was."""
    way: list[str] = [next(iter(stuck))]
    seen = {way[0]: 0}
    while True:
        name = next(other for other in tasks[way[-1]].after if other in stuck)
        if name in seen:
            return [*way[seen[name] :], name]
        seen[name] = len(way)
        way.append(name)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
