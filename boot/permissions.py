"""The permission policy of a session: mode, sandbox, and the rules of the user and of the project."""

from pathlib import Path

from boot.paths import OWN_FOLDER, Folders
from boot.project import plan_path
from boot.rules_file import load_rules, remember
from boot.settings import Settings
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
        rules=(*own, *projects, _own_folder(folders), *_plan(workspace)),
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


def _own_folder(folders: Folders) -> Rule:
    """Rules and settings are the person's, wherever they are kept."""
    return Rule(
        decision=Decision.DENY, path=(f"{folders.config}/**",), reason="it holds the settings of Roost itself"
    )
