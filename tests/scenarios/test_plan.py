"""A workspace with a plan: what the model is told of it, and what it may do to its file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.project import Project, Stage, Status, Task
from core.project_form import read, written
from tests.scenarios.conftest import UNNAMED_MODEL, RunCli
from tests.scripted_server import Recorded, ScriptedServer, call, prefix_breaks, say
from tests.scripted_server.faults import FINISH, TOLD_WINDOW, aside, filling

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
    assert prefix_breaks(server.requests) == []


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


@pytest.mark.server
def test_a_card_in_the_place_of_the_history_holds_the_plan(run_cli: RunCli, plan_file: Path) -> None:
    with ScriptedServer((*filling(20), *FINISH), window_tokens=16_384, aside=aside()) as server:
        run = run_cli(server, "Write done.txt.")

    shrunk = run.of("context_shrunk")
    assert run.exit_code == 0
    assert shrunk
    for event in shrunk:
        (card,) = (message["text"] for message in event["messages"] if message.get("source") == "recap")
        assert "Plan:\nGoal: A shop\nStage: executing, 0 of 1 tasks done\n1 todo: Model" in card
    assert [note["source"] for note in run.of("note_added")].count("plan") == 1


@pytest.mark.server
def test_a_session_that_is_taken_up_is_told_the_plan_again(run_cli: RunCli, plan_file: Path) -> None:
    with ScriptedServer((say("Hello."), say("Again.")), window_tokens=TOLD_WINDOW) as server:
        run_cli(server, "Hi.")
        plan_file.write_text(written(replace(PLAN, goal="A bigger shop")))
        run_cli(server, "Go on.", "--continue")

    told = [text for text in said(server.requests[1]) if "The plan of this project" in text]
    assert ["A shop" in text or "A bigger shop" in text for text in told] == [True, True]
    assert "A bigger shop" in told[-1]


@pytest.mark.server
def test_a_small_window_is_told_the_plan_without_the_tool(run_cli: RunCli, plan_file: Path) -> None:
    with ScriptedServer((say("Hello."),), window_tokens=8_192) as server:
        run_cli(server, "Hi.", *UNNAMED_MODEL)

    (request,) = server.requests
    assert "project" not in tools_of(request)
    assert "1 todo: Model" in said(request)[-1]
    assert "the tool project" not in said(request)[-1]
