"""Carries out a plan: one ready task after the other, each in a fresh session, checked before it counts.

claim ─► session with the task's words ─► turn ─► its checks ─► done
  ▲                                        ▲          │ failed: the output goes back, a few times
  │                                        └──────────┤
  └── todo again: interrupted, no server              └─► blocked, with the reason

The file is true at every moment: a runner that is killed leaves a task `doing` under a name that is gone,
and the next one takes it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from core.errors import AgentError, PlanRefused
from core.project import Project, Stage, Status, Task, changed, find, ready, unsettled
from core.project_outline import progress
from core.project_store import Runners
from core.text import clip
from flow.plan_desk import PlanDesk, waiting
from flow.project_review import ProjectReview
from flow.task_tries import TaskTries, Workplace

MOST_TRIES = 3
SHOWN_CHARS = 400
LOOK_SECONDS = 0.5
"""Between two looks whether another runner went on."""


@dataclass(frozen=True)
class ProjectRunner:
    desk: PlanDesk
    runners: Runners
    review: ProjectReview
    work: Callable[[], AbstractAsyncContextManager[Workplace]]
    most_tries: int = MOST_TRIES
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def next(self) -> bool:
        """Do what is next: a task, or the review of the whole. Whether that went well.

        Raises:
            PlanRefused: there is no plan, or it is not accepted.
            AgentError: no session can be had; the task is to be done as before.
        """
        await self.review.pending()
        if task := await self._claimed():
            return await self._done(task)
        project = self.desk.project()
        if project.stage is Stage.COMPLETE:
            self.desk.tell(f"The project is {progress(project)}.")
            return True
        if not unsettled(project):
            return await self.review.whole()
        self.desk.tell(waiting(project))
        return False

    async def all(self) -> bool:
        """Do one after the other until the project is complete, or nothing more can be done by anybody."""
        while True:
            stamp, before = self.desk.store.stamp(), self.desk.project()
            went_well = await self.next()
            after = self.desk.project()
            if after.stage is Stage.COMPLETE:
                return True
            if not went_well and after == before and not await self._others_went_on(after, stamp):
                return False

    async def _others_went_on(self, project: Project, stamp: object) -> bool:
        """Wait while other runners are at tasks and the plan is as it was. Whether there were any."""
        others = {task.runner for task in project.tasks if task.status is Status.DOING} - {self.desk.me}
        were_there = any(map(self.runners.is_there, others))
        while self.desk.store.stamp() == stamp and any(map(self.runners.is_there, others)):
            await self.sleep(LOOK_SECONDS)
        # whoever has left already may have ended his task before
        return were_there or bool(others and self.desk.store.stamp() != stamp)

    async def _claimed(self) -> Task | None:
        """The first that can be begun, which is ours from now on."""
        project = self.desk.project()
        if project.stage is Stage.PLANNING:
            raise PlanRefused(
                "The plan is not accepted yet.", hint="Accept it: roost project stage executing."
            )
        if not any(self._candidates(project)):
            return None
        after = await self.desk.change(self._claim)
        return next((task for task in after.tasks if task.runner == self.desk.me), None) if after else None

    def _claim(self, project: Project) -> Project:
        for task in self._candidates(project):
            if task.tries < self.most_tries:
                mine = replace(task, status=Status.DOING, runner=self.desk.me, tries=task.tries + 1)
                return changed(project, mine)
            note = f"It was begun {task.tries} times and never came to an end."
            given_up = replace(task, status=Status.BLOCKED, runner="", notes=(*task.notes, note))
            project = changed(project, given_up)
        return project

    def _candidates(self, project: Project) -> Iterator[Task]:
        """What runners that are gone have left, then what is ready, in the plan's order."""
        for task in project.tasks:
            if task.status is Status.DOING and task.runner and not self.runners.is_there(task.runner):
                yield task
        if project.stage is Stage.EXECUTING:
            yield from ready(project)

    async def _done(self, task: Task) -> bool:
        self.desk.tell(f"Task {task.id}: {task.title}")
        status: Status | None = None
        try:
            async with self.work() as place:
                status = await TaskTries(self.desk, place, self.most_tries).run(task)
        finally:
            if status is None:
                self._put_back(task.id)
        now = find(self.desk.project(), task.id)
        self.desk.tell(f"Task {task.id} is {status}.")
        if status is Status.DONE and self.desk.shows_replies:
            return True
        for note in now.notes[len(task.notes) :]:
            self.desk.tell(f"  {clip(note, SHOWN_CHARS)}")
        return status in (Status.DONE, Status.DROPPED)

    def _put_back(self, task_id: str) -> None:
        """To be done as before: what stopped it was not its fault. At once, for we may be about to end."""

        def act(project: Project) -> Project:
            task = find(project, task_id)
            if task.runner != self.desk.me:
                return project
            return changed(
                project, replace(task, status=Status.TODO, runner="", tries=max(0, task.tries - 1))
            )

        try:
            self.desk.store.change(act)
            self.desk.tell(f"Task {task_id} is to be done as before.")
        except AgentError as error:
            self.desk.tell(f"Task {task_id} stays as it is: {error}")
