"""Checks outside of a task's own session: of what is said to be done, and of the whole at the end."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from core.project import Project, Stage, Status, Task, at_stage, changed, find, with_status
from core.project_outline import progress
from flow.acceptance import Acceptance, Checked
from flow.plan_desk import PlanDesk, failure

MOST_REVIEWS = 3
"""Of the whole in one run: tasks that break each other would be opened for ever."""


@dataclass
class ProjectReview:
    desk: PlanDesk
    accept: Callable[[], AbstractAsyncContextManager[Acceptance]]
    """What checks run in, without a model."""
    _seen: set[str] = field(default_factory=set, init=False)
    """Tasks that this run has looked at."""
    _reviews: int = field(default=0, init=False)

    async def pending(self) -> None:
        """Run the checks of all tasks that are said to be done, each once in a run."""
        tasks = [task for task in self.desk.project().tasks if self._awaits(task)]
        self._seen |= {task.id for task in tasks}
        await self.tasks(tasks)

    def _awaits(self, task: Task) -> bool:
        return task.status is Status.REVIEW and bool(task.checks) and task.id not in self._seen

    async def tasks(self, tasks: Sequence[Task]) -> bool:
        """Done when its checks pass, open again when they do not. Whether all passed."""
        if not tasks:
            return True
        async with self.accept() as acceptance:
            return all([await self._checked(acceptance, task) for task in tasks])

    async def _checked(self, acceptance: Acceptance, task: Task) -> bool:
        if not task.checks:
            self.desk.tell(
                f"Task {task.id} has no checks: look at it, then roost project set {task.id} done."
            )
            return task.status is Status.DONE
        results = [await self.desk.checked(acceptance, command) for command in task.checks]
        passed = all(result.passed for result in results)
        if passed:
            await self._settle(task.id, (Status.REVIEW, Status.BLOCKED, Status.TODO), Status.DONE)
        elif not any(result.refused for result in results):
            await self._settle(task.id, (Status.REVIEW, Status.DONE), Status.TODO, failure(results))
        return passed

    async def _settle(self, task_id: str, when: Sequence[Status], status: Status, note: str = "") -> None:
        def act(project: Project) -> Project:
            is_so = find(project, task_id).status in when
            return with_status(project, task_id, status, note=note) if is_so else project

        if changed_to := await self.desk.change(act):
            self.desk.tell(f"Task {task_id} is {find(changed_to, task_id).status}.")

    async def whole(self) -> bool:
        """Every check once more: a later task may have broken an earlier one. Whether all is complete."""
        self._reviews += 1
        await self.desk.change(_begun)
        self.desk.tell("All tasks are settled: their checks are run once more, all together.")
        tasks = [task for task in self.desk.project().tasks if task.status is Status.DONE]
        results: dict[str, Checked] = {}
        async with self.accept() as acceptance:
            for command in dict.fromkeys(check for task in tasks for check in task.checks):
                results[command] = await self.desk.checked(acceptance, command)
        if any(result.refused for result in results.values()):
            return False
        await self.desk.change(lambda project: self._concluded(project, results))
        after = self.desk.project()
        self.desk.tell(f"The project is {progress(after)}.")
        return after.stage is Stage.COMPLETE

    def _concluded(self, project: Project, results: Mapping[str, Checked]) -> Project:
        """Complete, or with those tasks open again whose checks failed."""
        if project.stage is not Stage.REVIEWING:
            return project
        status = Status.TODO if self._reviews < MOST_REVIEWS else Status.BLOCKED
        for task in project.tasks:
            failed = [
                results[check] for check in task.checks if check in results and not results[check].passed
            ]
            if failed and task.status is Status.DONE:
                note = f"In the review of the whole: {failure(failed)}"
                project = changed(project, replace(task, status=status, tries=0, notes=(*task.notes, note)))
        return at_stage(project, Stage.COMPLETE) if project.stage is Stage.REVIEWING else project


def _begun(project: Project) -> Project:
    """Another runner may have been quicker."""
    return at_stage(project, Stage.REVIEWING) if project.stage is Stage.EXECUTING else project
