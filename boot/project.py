"""Where the plan of a workspace is, and who may follow it. Its parts are imported when they are needed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from boot.paths import OWN_FOLDER, Folders, checkout_folder
from core.profile import ActiveProfile
from core.records import dataclass
from core.workspace import Workspace
from store.sessions import workspace_slug

if TYPE_CHECKING:
    from flow.plan_notes import FollowedPlan
    from store.project_file import ProjectFile, RunnerLocks

    SessionPlan: TypeAlias = "FollowedPlan | PlanToCome"

PLAN_SHARE, CHARS_PER_TOKEN = 0.04, 3
"""Of the window: how long the whole plan is when the model is told of it."""
MOST_PLAN_CHARS, LEAST_PLAN_CHARS = 6_000, 800


def plan_path(workspace: Path) -> Path:
    """In the checkout's own workspace the plan lies beside the work."""
    checkout = checkout_folder()
    is_own = checkout is not None and workspace == checkout / "workspace"
    return (workspace if is_own else workspace / OWN_FOLDER) / "project.json"


def project_file(workspace: Path, folders: Folders) -> "ProjectFile":
    from store.project_file import ProjectFile

    return ProjectFile(Workspace(workspace), plan_path(workspace), _locks(workspace, folders))


def runner_locks(workspace: Path, folders: Folders) -> "RunnerLocks":
    from store.project_file import RunnerLocks

    return RunnerLocks(_locks(workspace, folders))


@dataclass
class PlanToCome:
    """The plan that is made while a session goes on. Its model is told of it, and has no tool for it."""

    find: "Callable[[], FollowedPlan | None]"
    name: str = "plan"
    silent: bool = False
    _plan: "FollowedPlan | None" = None

    def news(self, *, anew: bool) -> Sequence[str]:
        plan = self._found()
        return plan.news(anew=anew) if plan else ()

    def whole(self) -> str:
        plan = self._found()
        return plan.whole() if plan else ""

    def _found(self) -> "FollowedPlan | None":
        if self.silent:
            return None
        if self._plan is None and (found := self.find()):
            found.has_tool = False
            self._plan = found
        return self._plan


def followed_plan(workspace: Path, folders: Folders, active: ActiveProfile) -> "FollowedPlan | None":
    """The plan that is there now."""
    if not os.path.lexists(plan_path(workspace)):
        return None
    from flow.plan_notes import FollowedPlan

    return FollowedPlan(project_file(workspace, folders), lambda: plan_chars(active.profile.window_tokens))


def plan_chars(window_tokens: int | None) -> int:
    share = int(window_tokens * PLAN_SHARE * CHARS_PER_TOKEN) if window_tokens else MOST_PLAN_CHARS // 2
    return max(LEAST_PLAN_CHARS, min(share, MOST_PLAN_CHARS))


def _locks(workspace: Path, folders: Folders) -> Path:
    return folders.data / "projects" / workspace_slug(workspace)
