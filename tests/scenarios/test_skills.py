"""The founding example: a function is tried, perfected, promoted and used, and is still a tool after a restart."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.conftest import Run, RunCli
from tests.scripted_server import ScriptedServer, prefix_breaks
from tests.scripted_server.replies import call, say
from tests.tool.sandbox.area import why_not
from tests.tool.skilling import RSI

pytestmark = [pytest.mark.server, pytest.mark.slow]

PRICES = [44.0, 44.5, 43.5, 44.5, 45.5]
DRAFT = RSI.replace("if loss == 0", "if loss == 1")
EXAMPLES = [f"calculate_rsi({PRICES}, 2) == [{100 / 3}, 50.0, 100.0]", "calculate_rsi([]) == []"]
PROMOTION = {
    "file_path": "rsi.py",
    "function_name": "calculate_rsi",
    "tool_name": "calculate_rsi",
    "examples": EXAMPLES,
}
HELD = ("--sandbox", "auto", "--permission", "auto-edit")


def written(name: str, arguments: object) -> Any:
    return say(f'<tool name="{name}">{json.dumps(arguments)}</tool>')


def tried(source: str) -> Any:
    code = f"open('rsi.py', 'w').write({source!r})\nexec({source!r})\ncalculate_rsi({PRICES}, 2)"
    return call("pyexe", code=code)


def answers(run: Run) -> Sequence[str]:
    return [event["text"] for event in run.of("tool_finished")]


def tool_names(request: Any) -> list[str]:
    return [tool["function"]["name"] for tool in request.json["tools"]]


@pytest.fixture(autouse=True)
def a_sandbox() -> None:
    if reason := why_not("bubblewrap", "self"):
        pytest.skip(reason)


def test_the_founding_example(run_cli: RunCli, workspace: Path) -> None:
    asked = {"prices": PRICES, "period": 2}
    script = [
        tried(DRAFT),
        tried(RSI),
        written("promote_skill", PROMOTION),
        call("use_skill", name="calculate_rsi", arguments=asked),
        written("calculate_rsi", asked),
        say("The index is 100 at the end."),
    ]
    with ScriptedServer(script) as server:
        first = run_cli(server, "Find the RSI.", *HELD)
        breaks, tools = prefix_breaks(server.requests), tool_names(server.requests[-1])
    with ScriptedServer([call("calculate_rsi", **asked), say("Still 100.")]) as server:
        second = run_cli(server, "Find it again.", *HELD)
        later_tools = tool_names(server.requests[0])

    found = "[33.33333333333333, 50.0, 100.0]"
    assert "ZeroDivisionError" in answers(first)[0]
    assert answers(first)[2:] == [
        "calculate_rsi is a skill now (version 1). 2 examples pass.",
        found,
        found,
    ]
    assert [note["text"] for note in first.of("note_added")] == [
        "Skills you can call with use_skill, or by their own names:\n"
        '- calculate_rsi {"prices": [number], "period"?: integer}:'
        " The relative strength index of a series of prices."
    ]
    assert (breaks, "calculate_rsi" in tools) == ([], False)
    assert (answers(second), later_tools[-1]) == ([found], "calculate_rsi")
    assert second.of("note_added") == []
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_a_session_that_goes_on_is_not_told_twice(run_cli: RunCli, workspace: Path) -> None:
    (workspace / "rsi.py").write_text(RSI)
    with ScriptedServer([call("promote_skill", **PROMOTION), say("Done.")]) as server:
        first = run_cli(server, "Promote it.", *HELD)
    with ScriptedServer([written("calculate_rsi", {"prices": [1, 2], "period": 1}), say("Yes.")]) as server:
        second = run_cli(server, "Go on.", *HELD, "--continue")
        tools = tool_names(server.requests[0])

    assert len(first.of("note_added")) == 1
    assert ([note["source"] for note in second.of("note_added")], answers(second)) == ([], ["[100.0]"])
    assert "calculate_rsi" not in tools


def test_a_skill_that_came_with_the_workspace_is_not_run(run_cli: RunCli, workspace: Path) -> None:
    (workspace / ".roost/skills").mkdir(parents=True)
    (workspace / ".roost/skills/evil.py").write_text('def evil() -> int:\n    """Do it."""\n    return 666\n')
    with ScriptedServer([call("evil"), call("use_skill", name="evil"), say("No.")]) as server:
        run = run_cli(server, "Do it.", *HELD)
        names = tool_names(server.requests[0])

    said = "The skill 'evil' cannot be used: nobody has accepted it on this machine."
    assert [text.startswith(said) for text in answers(run)] == [True, True]
    assert "evil" not in names
    assert "The skill evil is set aside: nobody has accepted it on this machine." in run.stderr


def test_commands_cannot_change_a_skill(run_cli: RunCli, workspace: Path) -> None:
    (workspace / "rsi.py").write_text(RSI)
    script = [
        call("promote_skill", **PROMOTION),
        call("shell", command="echo '# mine' >> .roost/skills/calculate_rsi.py"),
        call("pyexe", code="open('.roost/skills/calculate_rsi.py', 'a').write('# mine')"),
        call("write_file", path=".roost/skills/calculate_rsi.py", content="x = 1"),
        call("use_skill", name="calculate_rsi", arguments={"prices": [1, 2], "period": 1}),
        say("It held."),
    ]
    with ScriptedServer(script) as server:
        run = run_cli(server, "Change it.", *HELD)

    assert "Read-only file system" in answers(run)[1]
    assert "OSError" in answers(run)[2]
    assert "was refused" in answers(run)[3]
    assert answers(run)[4] == "[100.0]"


def test_a_skill_cannot_leave_the_sandbox(run_cli: RunCli, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    (workspace / "look.py").write_text(
        'def look(path: str) -> str:\n    """Read a file."""\n    return open(path).read()\n'
    )
    script = [
        call("promote_skill", file_path="look.py", function_name="look", tool_name="look"),
        *[call("use_skill", name="look", arguments={"path": str(tmp_path / "secret")})] * 3,
        call("use_skill", name="look", arguments={"path": "look.py"}),
        say("No."),
    ]
    with ScriptedServer(script) as server:
        run = run_cli(server, "Read it.", *HELD)

    assert {text.partition(":")[0] for text in answers(run)[1:4]} == {"look failed"}
    assert "mine" not in run.stdout
    assert answers(run)[4].startswith("The skill 'look' cannot be used: it failed 3 times in a row.")
    assert run.of("note_added")[-1]["text"].startswith("The skill look can no longer be called")
