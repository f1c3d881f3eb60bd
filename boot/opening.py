"""What a session is opened with: what was asked for, who is there, and where things are."""

import os
from pathlib import Path

from boot.layers import here
from boot.masking import masking_of
from boot.model_way import Kind
from boot.paths import Folders, checkout_folder, user_folders, workspace_folder
from boot.plugins import Plugins
from boot.settings import Settings
from core.masking import Masking
from core.policies import Approver
from core.tools import Asker
from core.values import value
from flow.nobody import Nobody

NOBODY = Nobody()


@value
class People:
    """Who is there: to say yes, and to answer the model's questions."""

    approver: Approver = NOBODY
    asker: Asker = NOBODY

    @property
    def can_approve(self) -> bool:
        return self.approver is not NOBODY


@value
class Choice:
    """Which session, and which model, beside what the settings say."""

    newest: bool = False
    """Go on with the newest session of the workspace."""
    resume: str | None = None
    """Go on with the session of this id, or of an id that begins so."""
    model: Kind = "server"
    last_model: bool = False
    """Go on with the model that the session used last, if it is still there, whatever the settings say."""


NEW_SESSION, NOBODY_THERE = Choice(), People()


@value
class Opening:
    """Every stage of `boot/wiring.py` is built on this."""

    settings: Settings
    choice: Choice
    people: People
    folders: Folders
    workspace: Path
    plugins: Plugins
    masking: Masking


def opening(settings: Settings, choice: Choice, people: People) -> Opening:
    """Raises ConfigError: the workspace cannot be worked in."""
    folders = user_folders(os.environ)
    return Opening(
        settings=settings,
        choice=choice,
        people=people,
        folders=folders,
        workspace=workspace_folder(settings.workspace, Path.cwd(), checkout_folder()),
        plugins=Plugins(folders.cache),
        masking=masking_of(settings, here()),
    )
