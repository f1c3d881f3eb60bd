"""Files by every name they go by: links, wildcards, look-alikes, folders gone to."""

from pathlib import Path

import pytest

from core.permissions import Effect
from core.rules import Rule
from flow.permission import Mode
from tests.flow.permitting import ALLOW, ASK, CALL, DENY, allow, decision, file_decision, permissions


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / ".env").write_text("KEY=1")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("x")
    return root


@pytest.mark.parametrize(
    "path", [".env", "src/../.env", ".ENV", "\uff0eenv", "src/.env.local", "~/.ssh/config", "../.ssh/config"]
)
@pytest.mark.parametrize("effect", [Effect.READ, Effect.WRITE])
def test_secret_files_are_denied_to_file_tools(workspace: Path, path: str, effect: Effect) -> None:
    assert file_decision(permissions(workspace), path, effect) is DENY


def test_a_link_to_a_secret_is_denied(workspace: Path) -> None:
    (workspace / "notes").symlink_to(workspace.parent / ".ssh")
    (workspace / "plain.txt").symlink_to(workspace / ".env")

    assert file_decision(permissions(workspace), "notes/config") is DENY
    assert file_decision(permissions(workspace), "plain.txt") is DENY
    assert decision(permissions(workspace), "cat notes/config") is DENY
    assert decision(permissions(workspace), "rm -rf notes/") is DENY


def test_a_wildcard_is_seen_as_the_shell_sees_it(workspace: Path) -> None:
    policy = permissions(workspace)

    assert decision(policy, "cat .e*") is DENY
    assert decision(policy, "cat ~/.s*/config") is DENY
    assert decision(policy, "cat *") is ALLOW


def test_only_writing_is_denied_where_only_writing_harms(workspace: Path) -> None:
    policy = permissions(workspace)

    assert file_decision(policy, ".git/config") is ALLOW
    assert file_decision(policy, ".git/config", Effect.WRITE) is DENY
    assert file_decision(policy, ".roost/rules.toml", Effect.WRITE) is DENY
    assert file_decision(policy, "src/a.py", Effect.WRITE) is ALLOW


def test_an_allow_rule_on_a_folder_does_not_reach_through_a_link(workspace: Path) -> None:
    (workspace / "src" / "out").symlink_to(workspace.parent)
    policy = permissions(workspace, Rule(decision=ALLOW, path=("src/**",)), mode=Mode.ASK)

    assert file_decision(policy, "src/a.py", Effect.WRITE) is ALLOW
    assert file_decision(policy, "src/out/a.py", Effect.WRITE) is ASK


def test_a_command_may_write_where_a_rule_lets_it(workspace: Path) -> None:
    rules = (allow("echo"), Rule(decision=ALLOW, effect=Effect.WRITE, path=("src/*",)))
    policy = permissions(workspace, *rules, mode=Mode.ASK)

    assert decision(policy, "echo x > src/a.txt") is ALLOW
    assert decision(policy, "echo x > other.txt") is ASK
    assert decision(policy, "echo x > /tmp/other.txt") is ASK


async def test_a_cd_lasts_to_the_next_command(workspace: Path) -> None:
    (workspace / ".git").mkdir()
    policy = permissions(workspace)

    await policy.check(CALL, Effect.EXECUTE, {"command": "cd .git"})

    assert decision(policy, "echo x > hooks/pre-commit") is DENY
