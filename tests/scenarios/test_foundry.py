"""What came back in past sessions is drafted as skills, accepted by a person, and used."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.conftest import Roost, RunCli
from tests.scripted_server import ScriptedServer, call, say

pytestmark = pytest.mark.server

MEAN = "def mean_of(xs):\n    return sum(xs) / len(xs)\n"


def session(xs: Sequence[float], part: str) -> Sequence[Any]:
    return (
        call("pyexe", code=f"{MEAN}\nmean_of({list(xs)})"),
        call("shell", command=f"mkdir {part}"),
        call("shell", command=f"touch {part}/notes.txt"),
        say("Done."),
    )


def test_drafts_are_accepted_and_used(run_cli: RunCli, workspace: Path, roost: Roost) -> None:
    steps = [*session([1.0, 2.0], "one"), *session([2.0, 4.0, 6.0], "two")]
    used = [call("use_skill", name="mean_of", arguments={"xs": [3.0]}), call("use_skill", name="mkdir-touch")]

    with ScriptedServer([*steps, *used, say("Done.")]) as server:
        run_cli(server, "The mean, please.", "--permission", "full")
        run_cli(server, "And of these?", "--permission", "full")
        proposed = roost("skills", "propose")
        accepted = [roost("skills", "accept", name, "--yes") for name in ("mean_of", "mkdir-touch")]
        run_cli(server, "Once more.", "--permission", "full")
    again = roost("skills", "propose")

    assert ".roost/skills/mean_of.py: a function of 2 sessions, 1 example\n" in proposed.stdout
    assert ".roost/skills/mkdir-touch/DRAFT.md: steps of 2 sessions\n" in proposed.stdout
    assert "mean_of is accepted (version 1, its examples pass)." in accepted[0].stdout
    assert accepted[1].stdout.endswith(".roost/skills/mkdir-touch/SKILL.md is a skill now.\n")
    returned, told = (message["content"] for message in server.requests[-1].json["messages"][-3::2])
    assert "3.0" in returned
    assert "1. `mkdir <1>`\n2. `touch <2>`" in told
    assert "Nothing new came back" in again.stdout


def test_one_that_is_no_draft_yet_is_not_offered_to_the_model(
    run_cli: RunCli, workspace: Path, roost: Roost
) -> None:
    with ScriptedServer([*session([1.0], "a"), *session([2.0], "b"), say("Hello.")]) as server:
        run_cli(server, "One", "--permission", "full")
        run_cli(server, "Two", "--permission", "full")
        roost("skills", "propose")
        run_cli(server, "Three", "--permission", "full")

    said = str(server.requests[-1].json)
    assert "mean_of" not in said
    assert "mkdir-touch" not in said


def test_nobody_who_is_not_there_accepts(workspace: Path, roost: Roost) -> None:
    (workspace / ".roost/skills/release").mkdir(parents=True)
    (workspace / ".roost/skills/release/DRAFT.md").write_text("---\nname: release\ndescription: x\n---\n")

    ran = roost("skills", "accept", "release")

    assert ran.returncode != 0
    assert "Nobody is there to say yes." in ran.stderr
    assert not (workspace / ".roost/skills/release/SKILL.md").exists()
