"""`roost project` for scripts: what it prints, what it changes, and what it refuses."""

import json
from pathlib import Path

import pytest

from boot.entry import main
from core.project import Project, Stage, Task
from core.project_form import read, written

PLAN = Project(goal="A shop", stage=Stage.EXECUTING, tasks=(Task(id="1", title="Model", checks=("true",)),))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / ".roost").mkdir()
    (tmp_path / ".roost/project.json").write_text(written(PLAN))
    return tmp_path


def roost(workspace: Path, *arguments: str) -> int:
    return main(["project", *arguments, "--workspace", str(workspace)])


def plan_of(workspace: Path) -> Project:
    return read((workspace / ".roost/project.json").read_text())


def test_it_shows_the_plan_and_one_task(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roost(workspace, "add", "View", "--detail", "HTML", "--after", "1") == 0
    assert roost(workspace) == 0
    assert roost(workspace, "show", "2") == 0

    assert capsys.readouterr().out == (
        "added 2 todo: View (after 1)\nReady now: 1.\n"
        "A shop\n░░░░░░░░░░░░░░░░░░░░ executing, 0 of 2 tasks done\n"
        "· 1  todo  Model\n· 2  todo  View  after 1\n"
        "· 2 View\ntodo\nHTML\nafter: 1\n"
    )


def test_changes_are_told_and_kept(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roost(workspace, "set", "1", "done", "--note", "by hand") == 0
    assert roost(workspace, "note", "The server is slow.") == 0
    assert roost(workspace, "stage", "reviewing") == 0
    assert roost(workspace, "note", "uses sqlite", "--task", "1", "--json") == 0

    *told, shape = capsys.readouterr().out.split("{", 1)
    assert told == [
        "task 1: todo -> done\ntask 1, note: by hand\nnoted: The server is slow.\nstage: executing -> reviewing\n"
    ]
    assert json.loads("{" + shape)["tasks"][0]["notes"] == ["by hand", "uses sqlite"]
    assert plan_of(workspace).stage is Stage.REVIEWING


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("show", "9"), 1, "There is no task '9'. There are 1.\n"),
        (("stage", "complete"), 1, "The project is executing: it cannot become complete."),
        (("add", " "), 1, "A task needs a title."),
        (("add", "x", "--after", "9"), 1, "Task '2' comes after '9', which is not in the plan."),
    ],
)
def test_what_cannot_be_is_one_sentence(
    arguments: tuple[str, ...],
    exit_code: int,
    said: str,
    workspace: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert roost(workspace, *arguments) == exit_code

    assert said in capsys.readouterr().err
    assert plan_of(workspace) == PLAN


def test_without_a_plan_it_says_how_to_make_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roost(tmp_path) == 1

    assert capsys.readouterr().err == (
        'roost: There is no plan here. Make one: roost plan "what you want".\n'
    )


def test_a_damaged_plan_is_an_error_of_its_own(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / ".roost/project.json").write_text("{")

    assert roost(workspace, "add", "x") == 4

    assert ".roost/project.json is no JSON" in capsys.readouterr().err
    assert (workspace / ".roost/project.json").read_text() == "{"


def test_what_a_plan_holds_is_shown_and_not_obeyed(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "clear\x1b[2J\r\x9b31m\u202eback"
    task = Task(id="1", title=hostile, detail=hostile, checks=(hostile,), notes=(hostile,))
    (workspace / ".roost/project.json").write_text(written(Project(goal=hostile, tasks=(task,))))

    assert roost(workspace) == 0
    assert roost(workspace, "show", "1") == 0

    assert not set(capsys.readouterr().out) & set("\x1b\r\x9b\u202e")


def test_ten_thousand_tasks_are_a_short_table(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = tuple(Task(id=str(n), title=f"task {n} " + "word " * 20) for n in range(1, 10_001))
    (workspace / ".roost/project.json").write_text(
        written(Project(goal="x", stage=Stage.EXECUTING, tasks=tasks))
    )

    assert roost(workspace) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 203
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "… 9,800 more tasks: roost project show ID, or --json for all …"
