"""Which states of a project may follow which."""

from dataclasses import replace

import pytest

from core.errors import PlanRefused
from core.project import (
    Project,
    Stage,
    Status,
    Task,
    added,
    at_stage,
    changed,
    new_id,
    noted,
    ready,
    require_sound,
    with_status,
)
from core.project_outline import ready_line
from tests.building import NOW

PLAN = Project(
    goal="A shop",
    stage=Stage.EXECUTING,
    tasks=(
        Task(id="1", title="Model"),
        Task(id="2", title="View", after=("1",)),
        Task(id="3", title="Docs"),
    ),
)


def test_what_waits_for_nothing_is_ready_in_the_plans_order() -> None:
    done = with_status(PLAN, "1", Status.DONE)

    assert [task.id for task in ready(PLAN)] == ["1", "3"]
    assert [task.id for task in ready(done)] == ["2", "3"]
    assert ready_line(PLAN) == "Ready now: 1, 3."


def test_nothing_is_said_to_be_ready_in_a_draft() -> None:
    draft = replace(PLAN, stage=Stage.PLANNING)

    assert ready_line(draft) == ""


@pytest.mark.parametrize(
    ("task", "status", "said"),
    [
        ("2", Status.DOING, "Task 2 comes after 1 (todo). Do these first."),
        ("2", Status.DONE, "Task 2 comes after 1 (todo). Do these first."),
        ("9", Status.DONE, "There is no task '9'. There are 1, 2, 3."),
    ],
)
def test_a_status_that_cannot_be_is_refused(task: str, status: Status, said: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        with_status(PLAN, task, status)

    assert str(refused.value) == said


def test_what_is_done_is_only_opened_again() -> None:
    done = with_status(PLAN, "1", Status.DONE)

    with pytest.raises(PlanRefused, match="it cannot become doing"):
        with_status(done, "1", Status.DOING)
    assert with_status(done, "1", Status.TODO) == PLAN


def test_no_task_is_begun_before_the_plan_is_accepted() -> None:
    with pytest.raises(PlanRefused, match="not accepted yet"):
        with_status(replace(PLAN, stage=Stage.PLANNING), "1", Status.DOING)


def test_the_stages_follow_each_other_when_the_tasks_allow_it() -> None:
    settled = PLAN
    for task in ("1", "2", "3"):
        settled = with_status(settled, task, Status.DONE)

    reviewing = at_stage(settled, Stage.REVIEWING)
    complete = at_stage(reviewing, Stage.COMPLETE)

    assert complete.stage is Stage.COMPLETE
    with pytest.raises(PlanRefused, match="3 tasks are neither done nor dropped: 1, 2, 3"):
        at_stage(PLAN, Stage.REVIEWING)
    with pytest.raises(PlanRefused, match="is executing: it cannot become complete"):
        at_stage(settled, Stage.COMPLETE)
    with pytest.raises(PlanRefused, match="no task yet"):
        at_stage(Project(goal="x"), Stage.EXECUTING)


def test_a_finished_project_goes_on_when_a_task_comes_or_is_opened_again() -> None:
    settled = Project(goal="x", stage=Stage.COMPLETE, tasks=(Task(id="1", title="a", status=Status.DONE),))

    assert added(settled, Task(id="2", title="b")).stage is Stage.EXECUTING
    assert with_status(settled, "1", Status.TODO).stage is Stage.EXECUTING


def test_a_change_that_makes_tasks_wait_for_each_other_is_refused() -> None:
    with pytest.raises(PlanRefused, match="wait for each other"):
        changed(PLAN, replace(PLAN.tasks[0], after=("2",)))
    with pytest.raises(PlanRefused, match="comes after '9'"):
        added(PLAN, Task(id="4", title="x", after=("9",)))
    with pytest.raises(PlanRefused, match="Two tasks have the id '1'"):
        added(PLAN, Task(id="1", title="x"))


def test_a_long_chain_and_a_long_circle_are_told_apart_without_deep_calls() -> None:
    chain = [Task(id=str(n), title="t", after=(str(n - 1),) if n else ()) for n in range(20_000)]

    require_sound(chain)
    with pytest.raises(PlanRefused, match="wait for each other"):
        require_sound([replace(chain[0], after=("19999",)), *chain[1:]])


def test_notes_go_to_a_task_or_to_the_notebook() -> None:
    project = noted(noted(PLAN, " slow ", at=NOW), "uses sqlite", task_id="1", at=NOW)

    assert [page.text for page in project.notebook] == ["slow"]
    assert project.tasks[0].notes == ("uses sqlite",)
    with pytest.raises(PlanRefused, match="The note is empty"):
        noted(PLAN, " \n", at=NOW)


def test_a_new_task_gets_the_next_number() -> None:
    with_a_name = added(PLAN, Task(id="setup", title="x"))

    assert [new_id(project) for project in (PLAN, Project(goal="x"), with_a_name)] == ["4", "1", "4"]
