"""`project`: what a model reads of its plan, and what its changes come to."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ToolError
from core.permissions import Effect
from core.project import Project, Stage, Status, Task
from core.workspace import Workspace
from store.project_file import ProjectFile
from tests.building import NOW
from tests.tool.filing import CONTEXT, services_at
from tool.project import ProjectArgs, ProjectTool

PLAN = Project(
    goal="A shop",
    stage=Stage.EXECUTING,
    tasks=(
        Task(id="1", title="Model", checks=("pytest -q",)),
        Task(id="2", title="View", after=("1",)),
        Task(id="3", title="Docs", detail="For people.", notes=("short",)),
    ),
)


@pytest.fixture
def file(tmp_path: Path) -> ProjectFile:
    file = ProjectFile(Workspace(tmp_path), tmp_path / ".roost/project.json", tmp_path.parent / "locks")
    file.begin(PLAN)
    return file


async def said(file: ProjectFile, **arguments: object) -> str:
    tool = ProjectTool(replace(services_at(file.workspace.root), project=file), clock=lambda: NOW)
    return (await tool.run(ProjectArgs.model_validate(arguments), CONTEXT)).text


async def test_without_arguments_it_shows_the_plan(file: ProjectFile) -> None:
    assert await said(file) == (
        "Goal: A shop\n"
        "Stage: executing, 0 of 3 tasks done\n"
        "1 todo: Model [check: pytest -q]\n"
        "2 todo: View (after 1)\n"
        "3 todo: Docs\n"
        "Ready now: 1, 3."
    )


async def test_a_task_alone_is_shown_in_whole(file: ProjectFile) -> None:
    assert await said(file, task="3") == "Task 3 (todo): Docs\nFor people.\nNote: short"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"task": "3", "status": "done"}, "task 3: todo -> done\nReady now: 1."),
        ({"task": "3", "status": "blocked", "note": "no words"}, "task 3: todo -> blocked\ntask 3, note: no words\nReady now: 1."),
        ({"title": "Ship", "after": ["3"], "check": "make"}, "added 4 todo: Ship (after 3) [check: make]\nReady now: 1, 3."),
        ({"note": "The server is slow."}, "noted: The server is slow.\nReady now: 1, 3."),
        ({"task": "3", "note": "uses mkdocs"}, "task 3, note: uses mkdocs\nReady now: 1, 3."),
        ({"task": "3", "title": "Docs"}, "Nothing has changed: it was so already.\nReady now: 1, 3."),
        (
            {"task": "1", "status": "done"},
            "task 1: todo -> review\nIt has checks: it counts as done once the person has run them"
            " (roost project check).\nReady now: 3.",
        ),
    ],
)  # fmt: skip
async def test_a_change_is_answered_with_what_it_did(
    arguments: dict[str, object], answer: str, file: ProjectFile
) -> None:
    assert await said(file, **arguments) == answer


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"task": "2", "status": "doing"}, "Task 2 comes after 1 (todo). Do these first."),
        ({"task": "1", "after": ["2"]}, "Tasks wait for each other: '1' after '2' after '1'."),
        ({"task": "7"}, "There is no task '7'. There are 1, 2, 3."),
        ({"status": "done"}, "It is not said which task. Name its id as `task`."),
        ({"task": "1", "note": " "}, "Nothing has changed"),
    ],
)
async def test_what_cannot_be_is_an_answer_that_says_why(
    arguments: dict[str, object], answer: str, file: ProjectFile
) -> None:
    try:
        told = await said(file, **arguments)
    except ToolError as error:
        told = str(error)

    assert told.startswith(answer)
    assert file.load() == PLAN


async def test_checks_are_added_and_never_taken_away(file: ProjectFile) -> None:
    await said(file, task="1", check="true")
    plan = file.load()

    assert plan
    assert plan.tasks[0].checks == ("pytest -q", "true")
    assert plan.tasks[0].status is Status.TODO


def test_showing_only_reads() -> None:
    tool = ProjectTool(services_at(Path()))

    assert tool.effect_of(ProjectArgs(task="1")) is Effect.READ
    assert tool.effect_of(ProjectArgs(task="1", status="done")) is Effect.WRITE
