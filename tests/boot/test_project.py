"""Where the plan of a workspace is, and that nobody but the tool writes it."""

import os
from functools import partial
from pathlib import Path

from boot.paths import user_folders
from boot.permissions import permissions_for
from boot.project import (
    LEAST_PLAN_CHARS,
    MOST_PLAN_CHARS,
    PlanToCome,
    followed_plan,
    plan_chars,
    plan_path,
    project_file,
)
from boot.settings import Settings
from core.permissions import Effect
from core.profile import ActiveProfile
from core.project import Project, Stage, Status, Task, with_status

CHECKOUT = Path(__file__).parents[2]


def test_the_plan_lies_in_roosts_folder_and_in_the_checkouts_own_workspace_beside_the_work(
    tmp_path: Path,
) -> None:
    assert plan_path(tmp_path) == tmp_path / ".roost/project.json"
    assert plan_path(CHECKOUT / "workspace") == CHECKOUT / "workspace/project.json"


def test_no_file_tool_writes_it_wherever_it_lies(tmp_path: Path) -> None:
    for workspace in (tmp_path, CHECKOUT / "workspace"):
        permissions, _ = permissions_for(
            Settings(), workspace, user_folders(os.environ), isolated=True, has_person=True
        )

        assert permissions.forbids(str(plan_path(workspace)), Effect.WRITE)
        assert not permissions.forbids(str(plan_path(workspace)), Effect.READ)
        assert not permissions.forbids(str(workspace / "project.txt"), Effect.WRITE)


def test_a_workspace_without_a_plan_is_followed_by_nobody(tmp_path: Path) -> None:
    folders = user_folders(os.environ)

    assert followed_plan(tmp_path, folders, ActiveProfile()) is None

    (tmp_path / ".roost").mkdir()
    (tmp_path / ".roost/project.json").symlink_to("/nowhere")
    assert followed_plan(tmp_path, folders, ActiveProfile()) is not None  # so that the model is told of it


def test_a_plan_that_is_made_in_mid_session_is_told_once_and_then_what_changes(tmp_path: Path) -> None:
    folders = user_folders(os.environ)
    plan = PlanToCome(partial(followed_plan, tmp_path, folders, ActiveProfile()))
    file = project_file(tmp_path, folders)

    before = plan.news(anew=False)
    plan.silent = True
    file.begin(Project(goal="A shop", stage=Stage.EXECUTING, tasks=(Task(id="1", title="Model"),)))
    while_it_is_written = plan.news(anew=False)
    plan.silent = False
    (whole,) = plan.news(anew=False)
    file.change(lambda project: with_status(project, "1", Status.DONE))
    (change,) = plan.news(anew=False)

    assert (before, while_it_is_written) == ((), ())
    assert "Goal: A shop" in whole
    assert whole.endswith(
        "\nYou have no tool that changes it, in this session or when it is taken up again:"
        " say which of its tasks are done or blocked, and the user marks them."
    )
    assert "task 1: todo -> done" in change
    assert not plan.news(anew=False)
    assert "1 done: Model" in plan.whole()


def test_how_much_is_told_goes_by_the_window() -> None:
    lengths = [plan_chars(window) for window in (4_096, 20_000, 32_768, 1_000_000, None)]

    assert lengths == [LEAST_PLAN_CHARS, 2_400, 3_932, MOST_PLAN_CHARS, 3_000]
