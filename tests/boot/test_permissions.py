"""What is built into the permissions of a session, beside what its person has written down."""

from pathlib import Path

import pytest

from boot.paths import user_folders
from boot.permissions import permissions_for
from boot.settings import Settings
from core.permissions import Effect
from core.rules import Decision

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("tool", "arguments", "alone", "asked"),
    [
        ("write_file", {"path": "AGENTS.md"}, Decision.ALLOW, Decision.ASK),
        ("edit_file", {"path": "api/AGENTS.md"}, Decision.ALLOW, Decision.ASK),
        ("write_file", {"path": ".agents/skills/a/SKILL.md"}, Decision.ASK, Decision.ASK),
        (
            "shell",
            {"command": "cp a .roost/skills/a.py"},
            Decision.ALLOW,
            Decision.ALLOW,
        ),  # the sandbox holds it
        ("write_file", {"path": "skills/SKILL.md"}, Decision.ALLOW, Decision.ALLOW),
        ("shell", {"command": "cp a .agents/skills/a/SKILL.md"}, Decision.ASK, Decision.ASK),
        ("shell", {"command": "sed -n 1,9p AGENTS.md"}, Decision.ALLOW, Decision.ALLOW),
    ],
)
def test_what_tells_later_sessions_what_to_do_takes_a_yes(
    tool: str, arguments: dict[str, object], alone: Decision, asked: Decision, tmp_path: Path
) -> None:
    effect = Effect.EXECUTE if tool == "shell" else Effect.WRITE
    folders = user_folders({"HOME": str(tmp_path / "home")})
    settings = Settings(permission="auto-edit")

    for has_person, decision in ((False, alone), (True, asked)):
        permissions, _ = permissions_for(settings, tmp_path, folders, isolated=True, has_person=has_person)
        assert permissions.judge(effect, permissions.found(tool, effect, arguments)).decision is decision


def test_in_the_checkouts_own_workspace_skills_beside_the_work_take_a_yes() -> None:
    folders = user_folders({"HOME": "/nowhere"})
    permissions, _ = permissions_for(
        Settings(permission="full"), CHECKOUT / "workspace", folders, isolated=True, has_person=False
    )
    found = permissions.found("write_file", Effect.WRITE, {"path": "skills/a/SKILL.md"})

    assert permissions.judge(Effect.WRITE, found).decision is Decision.ASK
