"""The plan's file: whole at every moment, never overwritten unread, and changed by many without a loss."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import PlanRefused, StoreError
from core.project import Project, Stage, Task, added, new_id, noted
from core.project_form import written
from core.project_store import ProjectChange
from core.workspace import Workspace
from store.project_file import MOST_BYTES, ProjectFile, RunnerLocks
from tests.building import NOW

PLAN = Project(goal="A shop", stage=Stage.EXECUTING, tasks=(Task(id="1", title="Model"),))
ADDING = """
import sys
from pathlib import Path
from core.project import Task, added, new_id
from core.workspace import Workspace
from store.project_file import ProjectFile

root, locks, who, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
file = ProjectFile(Workspace(root), root / ".roost" / "project.json", locks)
for number in range(count):
    file.change(lambda plan: added(plan, Task(id=new_id(plan), title=f"{who} {number}")))
"""
WAITING = """
import sys
from pathlib import Path
from store.project_file import RunnerLocks

with RunnerLocks(Path(sys.argv[1])).enter() as name:
    print(name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def file(workspace: Path, tmp_path: Path) -> ProjectFile:
    return ProjectFile(Workspace(workspace), workspace / ".roost/project.json", tmp_path / "locks")


def test_a_plan_that_was_begun_is_read_and_changed(file: ProjectFile) -> None:
    assert (file.load(), file.stamp()) == (None, None)

    file.begin(PLAN)
    before = file.stamp()
    change = file.change(lambda plan: noted(plan, "slow", at=NOW))

    assert change == ProjectChange(before=PLAN, after=noted(PLAN, "slow", at=NOW))
    assert file.load() == change.after
    assert file.stamp() != before


def test_a_change_without_a_plan_or_of_what_cannot_be_leaves_all_as_it_is(file: ProjectFile) -> None:
    with pytest.raises(PlanRefused, match="There is no plan here"):
        file.change(lambda plan: plan)
    file.begin(PLAN)

    with pytest.raises(PlanRefused):
        file.change(lambda plan: noted(plan, "x", task_id="9", at=NOW))

    assert file.load() == PLAN


def test_a_new_plan_keeps_the_old_one_beside_it(file: ProjectFile, workspace: Path) -> None:
    file.begin(PLAN)

    before = file.begin(Project(goal="Another"))

    assert before == PLAN
    assert (workspace / ".roost/project.previous.json").read_text() == written(PLAN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            b'{"format": 2, "goal": "x"}',
            "has format 2, and this version reads format 1 only. Use the version",
        ),
        (b'{"format": 1, "goal"', "is no JSON"),
        (b"\xff\xfe{", "is not UTF-8 at byte 0. Mend it, or move it away; it is left as it is."),
    ],
)
def test_a_damaged_or_newer_file_is_told_and_never_overwritten(
    text: bytes, said: str, file: ProjectFile, workspace: Path
) -> None:
    (workspace / ".roost").mkdir()
    (workspace / ".roost/project.json").write_bytes(text)

    for act in (file.load, lambda: file.change(lambda plan: plan), lambda: file.begin(PLAN)):
        with pytest.raises(StoreError, match=r"\.roost/project\.json") as error:
            act()
        assert said in str(error.value)

    assert (workspace / ".roost/project.json").read_bytes() == text
    assert [entry.name for entry in (workspace / ".roost").iterdir()] == ["project.json"]


def test_a_link_in_the_place_of_the_plan_is_not_followed(
    file: ProjectFile, workspace: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere.json").write_text(written(PLAN))
    (workspace / ".roost").mkdir()
    (workspace / ".roost/project.json").symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(StoreError, match="cannot be used: it is a link"):
        file.change(lambda plan: replace(plan, goal="changed"))


@pytest.mark.parametrize(
    ("make", "said"), [(Path.mkdir, "it is a folder"), (os.mkfifo, "it is a pipe")], ids=["folder", "pipe"]
)
def test_what_is_no_file_is_neither_waited_for_nor_replaced(
    make: Callable[[Path], None], said: str, file: ProjectFile, workspace: Path
) -> None:
    (workspace / ".roost").mkdir()
    make(workspace / ".roost/project.json")

    with pytest.raises(StoreError, match=said):
        file.load()
    with pytest.raises(StoreError, match=said):
        file.begin(PLAN)


def test_a_file_that_is_far_too_large_is_refused_before_it_is_read(
    file: ProjectFile, workspace: Path
) -> None:
    (workspace / ".roost").mkdir()
    with (workspace / ".roost/project.json").open("wb") as sparse:
        sparse.truncate(MOST_BYTES + 1)

    with pytest.raises(StoreError, match="is larger than 64 MB"):
        file.load()


def test_what_an_editor_saves_meanwhile_is_not_lost(file: ProjectFile) -> None:
    file.begin(PLAN)
    saves = ["The person was quicker"]

    def act(plan: Project) -> Project:
        if saves:
            file.path.write_text(written(replace(plan, goal=saves.pop())))
        return added(plan, Task(id=new_id(plan), title="View"))

    change = file.change(act)

    assert (change.after.goal, len(change.after.tasks)) == ("The person was quicker", 2)
    assert file.load() == change.after


def test_two_processes_do_not_lose_each_others_changes(
    file: ProjectFile, workspace: Path, tmp_path: Path
) -> None:
    file.begin(PLAN)
    writers = [
        subprocess.Popen([sys.executable, "-c", ADDING, str(workspace), str(tmp_path / "locks"), who, "25"])
        for who in ("one", "two")
    ]

    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]

    plan = file.load()
    assert plan is not None
    assert len(plan.tasks) == len({task.id for task in plan.tasks}) == 51
    titles = {task.title for task in plan.tasks}
    assert titles == {"Model", *(f"{who} {number}" for who in ("one", "two") for number in range(25))}


def test_what_killed_writers_left_goes_when_it_is_old(file: ProjectFile) -> None:
    file.begin(PLAN)
    folder = file.path.parent
    kept = {"project.json", ".roost-0123456789ac", ".roost-notes", ".roost-0123456789AB"}
    for name in (*kept - {"project.json"}, ".roost-0123456789ab"):
        (folder / name).write_text("half")
        os.utime(folder / name, (1_000, 1_000))
    os.utime(folder / ".roost-0123456789ac", (9_000, 9_000))

    replace(file, clock=lambda: 10_000).change(lambda plan: added(plan, Task(id="2", title="Views")))

    assert {each.name for each in folder.iterdir()} == kept


def test_a_process_that_never_lets_go_is_told_of(file: ProjectFile) -> None:
    waits: list[float] = []
    file.begin(PLAN)
    with file._locked(), pytest.raises(StoreError, match="Another process has held"):
        replace(file, sleep=waits.append).change(lambda plan: plan)

    assert len(waits) > 100


def test_a_runner_is_there_until_it_ends_or_is_killed(tmp_path: Path) -> None:
    locks = RunnerLocks(tmp_path / "locks")
    with locks.enter() as name:
        assert locks.is_there(name)
    assert not locks.is_there(name)

    other = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path / "locks")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout
        name = other.stdout.readline().strip()
        assert locks.is_there(name)
        os.kill(other.pid, signal.SIGKILL)
        other.wait()

    assert not locks.is_there(name)
    assert [path.name for path in (tmp_path / "locks").iterdir()] == [f"{name}.lock"]
    with locks.enter():
        assert len(list((tmp_path / "locks").iterdir())) == 1


@pytest.mark.parametrize("name", ["", "../plan", "/etc/passwd", "nobody", "a\0b", "ü" * 300])
def test_a_name_from_the_file_is_no_way_out_of_the_folder(name: str, tmp_path: Path) -> None:
    assert not RunnerLocks(tmp_path).is_there(name)
