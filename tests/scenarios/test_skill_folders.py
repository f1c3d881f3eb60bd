"""Skills that are folders: told at the head of a session, and read when a model uses them."""

from pathlib import Path

import pytest

from tests.scenarios.conftest import RunCli
from tests.scripted_server import ScriptedServer, call, prefix_breaks, say

pytestmark = pytest.mark.server

SKILL = "---\nname: release\ndescription: How a release is made. Use it before tagging.\n---\nRun make check first.\n"


def test_a_session_is_told_of_it_in_a_line_and_reads_it_when_it_is_used(
    run_cli: RunCli, workspace: Path
) -> None:
    (workspace / ".agents/skills/release").mkdir(parents=True)
    (workspace / ".agents/skills/release/SKILL.md").write_text(SKILL)

    with ScriptedServer([call("use_skill", name="release"), say("Read.")]) as server:
        ran = run_cli(server, "Make a release.")

    first, second = server.requests
    told, answer = first.json["messages"][1]["content"], second.json["messages"][-1]["content"]
    assert ran.exit_code == 0
    assert "- release: How a release is made. Use it before tagging." in told
    assert "make check" not in told
    assert answer == "Run make check first."
    assert prefix_breaks([first, second]) == []


def test_one_that_cannot_be_read_is_named_to_the_person(run_cli: RunCli, workspace: Path) -> None:
    (workspace / ".agents/skills/release").mkdir(parents=True)
    (workspace / ".agents/skills/release/SKILL.md").write_text("# Release\n")

    with ScriptedServer([say("Yes.")]) as server:
        ran = run_cli(server, "Is there a skill?")

    assert "The skill '.agents/skills/release' is left out: its first line is not ---." in ran.stderr
    assert ".agents" not in server.requests[0].json["messages"][1]["content"]
