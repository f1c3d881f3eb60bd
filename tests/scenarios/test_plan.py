"""A workspace with a plan: what the model is told of it, and what it may do to its file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.project import Project, Stage, Status, Task
from core.project_form import read, written
from tests.scenarios.conftest import RunCli
from tests.scripted_server import Recorded, ScriptedServer, call, say
from tests.scripted_server.faults import TOLD_WINDOW

PLAN = Project(goal="A shop", stage=Stage.EXECUTING, tasks=(Task(id="1", title="Model"),))


@pytest.fixture
def plan_file(workspace: Path) -> Path:
    (workspace / ".roost").mkdir()
    file = workspace / ".roost/project.json"
    file.write_text(written(PLAN))
    return file


def tools_of(request: Recorded) -> list[str]:
    return [tool["function"]["name"] for tool in request.json["tools"]]


def said(request: Recorded) -> list[str]:
    messages: list[Mapping[str, Any]] = request.json["messages"]
    return [str(message["content"]) for message in messages]


@pytest.mark.server
def test_a_model_is_told_of_the_plan_and_keeps_it(run_cli: RunCli, plan_file: Path) -> None:
    steps = (call("project", task="1", status="doing"), say("Begun."))

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        run = run_cli(server, "Begin.")

    first, second = server.requests
    assert (run.exit_code, run.outcome) == (0, "done")
    assert "project" in tools_of(first)
    assert "1 todo: Model" in said(first)[-1]
    assert "task 1: todo -> doing" in said(second)[-1]
    assert sum("The plan of this project" in text for text in said(second)) == 1
    assert read(plan_file.read_text()).tasks[0].status is Status.DOING


@pytest.mark.server
def test_without_a_plan_nothing_of_it_is_said(run_cli: RunCli, workspace: Path) -> None:
    with ScriptedServer((say("Hello."),), window_tokens=TOLD_WINDOW) as server:
        run_cli(server, "Hi.")

    (request,) = server.requests
    assert "project" not in tools_of(request)
    assert [message["role"] for message in request.json["messages"]] == ["system", "user"]


@pytest.mark.server
def test_only_the_tool_changes_the_plan(run_cli: RunCli, plan_file: Path) -> None:
    steps = (call("write_file", path=".roost/project.json", content="{}"), say("No."))

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        run_cli(server, "Overwrite it.")

    assert "git and Roost keep their own files there" in said(server.requests[1])[-1]
    assert read(plan_file.read_text()) == PLAN


@pytest.mark.server
def test_a_damaged_plan_is_told_and_left_as_it_is(run_cli: RunCli, plan_file: Path) -> None:
    plan_file.write_text('{"format": 1')

    steps = (call("project", title="More"), say("It is damaged."))
    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        run = run_cli(server, "Go on.")

    assert run.exit_code == 0
    assert "is no JSON" in said(server.requests[0])[-1]
    assert "is no JSON" in said(server.requests[1])[-1]
    assert "broke" not in said(server.requests[1])[-1]
    assert plan_file.read_text() == '{"format": 1'
