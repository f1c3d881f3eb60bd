"""The main job, end to end: a repository whose tests fail, and pass when the agent is done."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import RunCli
from tests.scripted_server import ScriptedServer, complaints, prefix_breaks
from tests.scripted_server.repository_task import DONE, PROMPT, RIGHT, WRONG, make_repository, repository_task


def the_tests_pass(repository: Path) -> bool:
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=repository, capture_output=True, check=False
    )
    return tests.returncode == 0


def changed_lines(repository: Path) -> list[str]:
    diff = subprocess.run(
        ["git", "diff", "-U0"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    return [line for line in diff.splitlines() if line[:1] in {"+", "-"}]


@pytest.mark.server
def test_a_failing_test_is_mended_and_shown_to_pass(run_cli: RunCli, workspace: Path) -> None:
    make_repository(workspace)
    failed_before = not the_tests_pass(workspace)

    with ScriptedServer(repository_task()) as server:
        run = run_cli(server, PROMPT)

    assert (run.exit_code, run.outcome, run.last_words) == (0, "done", DONE)
    assert failed_before
    assert the_tests_pass(workspace)
    assert changed_lines(workspace) == [
        "--- a/basket/prices.py",
        "+++ b/basket/prices.py",
        f"-{WRONG}",
        f"+{RIGHT}",
    ]


@pytest.mark.server
def test_the_records_tell_the_whole_task(run_cli: RunCli, workspace: Path) -> None:
    make_repository(workspace)

    with ScriptedServer(repository_task()) as server:
        run = run_cli(server, PROMPT)

    tools = ["list_files", "shell", "find_text", "read_file", "edit_file", "shell"]
    told = [event["type"] for event in run.events]
    assert told == [
        "turn_started",
        *["model_replied", "tool_started", "tool_finished"] * 4,
        *["model_replied", "tool_started", "files_changed", "tool_finished"],
        *["model_replied", "tool_started", "tool_finished"],
        "model_replied",
        "turn_finished",
    ]
    assert [event["call"]["name"] for event in run.of("tool_started")] == tools
    assert [event["status"] for event in run.of("tool_finished")].count("ok") >= len(tools) - 1
    assert run.events[0]["prompt"]["text"] == PROMPT
    assert {record["session"] for record in run.records} == {run.records[0]["session"]}
    seqs = [record["seq"] for record in run.records]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert [record["at"] for record in run.records] == sorted(record["at"] for record in run.records)


@pytest.mark.server
def test_every_prompt_starts_with_the_one_before(run_cli: RunCli, workspace: Path) -> None:
    make_repository(workspace)

    with ScriptedServer(repository_task()) as server:
        run_cli(server, PROMPT)

    assert len(server.requests) == len(repository_task())
    assert prefix_breaks(server.requests) == []
    assert [what for request in server.requests for what in complaints(request)] == []
