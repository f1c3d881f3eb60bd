"""The permission policy of a session: mode, sandbox, and the rules of the user and of the project."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from boot.paths import AGENTS_SKILLS, OWN_FOLDER, Folders
from boot.project import plan_path
from boot.rules_file import load_rules, remember
from boot.settings import Settings
from boot.skills import skills_folder
from core.permissions import Effect
from core.rules import Decision, Rule
from flow.permission import Mode, Permissions
from flow.places import Places

RULES = "rules.toml"


def permissions_for(
    settings: Settings, workspace: Path, folders: Folders, *, isolated: bool, has_person: bool
) -> tuple[Permissions, tuple[str, ...]]:
    """The policy, and warnings about rules that were not taken.

    Raises:
        ConfigError: a file of rules is wrong, or a rule fails its own example.
    """
    users = folders.config / RULES
    own, own_warnings = load_rules(users, workspace)
    projects, project_warnings = load_rules(workspace / OWN_FOLDER / RULES, workspace, may_allow=False)
    permissions = Permissions(
        mode=Mode(settings.permission),
        isolated=isolated,
        has_person=has_person,
        places=Places.of(str(workspace), str(Path.home())),
        rules=(
            *own,
            *projects,
            _own_folder(folders),
            *_plan(workspace),
            *_instructions(workspace, has_person),
        ),
        keep=lambda rule: remember(rule, users),
    )
    return permissions, (*own_warnings, *project_warnings)


def _plan(workspace: Path) -> tuple[Rule, ...]:
    """Where it does not lie in a folder that is protected anyway."""
    path = plan_path(workspace)
    if path.parent != workspace:
        return ()
    reason = "it is the plan, which only the tool project changes"
    return (Rule(decision=Decision.DENY, effect=Effect.WRITE, path=(str(path),), reason=reason),)


def _instructions(workspace: Path, has_person: bool) -> Iterator[Rule]:
    """A session may not tell later ones what to do as if the person had said it, without their yes."""
    reason = "later sessions follow what it says"
    ask = Rule(decision=Decision.ASK, effect=Effect.WRITE, reason=reason)
    folders = (AGENTS_SKILLS, skills_folder(workspace))
    open_to_commands = [folder for folder in folders if not folder.startswith(OWN_FOLDER)]
    yield replace(ask, path=tuple(f"{folder}/**" for folder in open_to_commands))
    if has_person:  # who is not there asked for it in the prompt: writing it is a common task
        yield replace(ask, tool="*_file", path=("AGENTS.md", "**/AGENTS.md"))


def _own_folder(folders: Folders) -> Rule:
    """Rules and settings are the person's, wherever they are kept."""
    return Rule(
        decision=Decision.DENY, path=(f"{folders.config}/**",), reason="it holds the settings of Roost itself"
    )
