"""A project as a file: read back as it was, and refused where it is none."""

import tomllib
from pathlib import Path

import pytest

from core.project import Observation, Project, Stage, Status, Task
from core.project_form import Unreadable, read, written
from tests.building import NOW

UNREADABLE = tomllib.loads((Path(__file__).parent / "fixtures/unreadable_plans.toml").read_text())["plan"]
WHOLE = Project(
    goal="A shop\nthat sells",
    stage=Stage.EXECUTING,
    tasks=(
        Task(id="1", title="Model", status=Status.DONE, notes=("uses sqlite",)),
        Task(
            id="2", title="Ansicht für alle", after=("1",), checks=("pytest -q",), criteria=("fast",), tries=2
        ),
    ),
    notebook=(Observation(at=NOW, text="The server is slow.", task="1"),),
)


def test_a_project_is_written_for_people_and_read_back_as_it_was() -> None:
    text = written(WHOLE)

    assert read(text) == WHOLE
    assert text == (Path(__file__).parent / "fixtures/plan.json").read_text()


@pytest.mark.parametrize("plan", UNREADABLE, ids=[plan["name"] for plan in UNREADABLE])
def test_what_is_no_plan_says_where_and_why(plan: dict[str, str]) -> None:
    with pytest.raises(Unreadable) as refused:
        read(plan["text"])

    assert str(refused.value) == plan["said"]


@pytest.mark.parametrize("stage", ["reviewing", "complete"])
def test_a_task_that_a_person_opened_in_a_finished_plan_is_to_be_done(stage: str) -> None:
    tasks = '[{"id": "1", "title": "a"}, {"id": "2", "title": "b", "status": "done"}]'

    project = read(f'{{"format": 1, "goal": "x", "stage": "{stage}", "tasks": {tasks}}}')

    assert project.stage is Stage.EXECUTING


@pytest.mark.parametrize("text", ['{"a":' * 100_000, "[" * 100_000, '{"format": ' + "9" * 10_000 + "}"])
def test_a_file_that_is_made_to_break_readers_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_nothing_in_the_file_commands_a_terminal() -> None:
    hostile = Project(goal="a\x1b[2Jb\x9b2J\u202ec\x7f")

    text = written(hostile)

    assert {letter for letter in text if not " " <= letter <= "~"} == {"\n"}
    assert read(text) == hostile


@pytest.mark.slow
def test_ten_thousand_tasks_of_ten_megabytes_are_read_back() -> None:
    tasks = tuple(Task(id=str(n), title=f"task {n}", detail="word " * 200) for n in range(10_000))
    project = Project(goal="x", tasks=tasks)

    text = written(project)

    assert len(text) > 10_000_000
    assert read(text) == project
