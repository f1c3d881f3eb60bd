"""From a goal to a finished project: planned, taken, carried out and checked, by the commands a script would use."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.project import Project, Stage, Status, Task
from core.project_form import read, written
from tests.scenarios.conftest import CLI, LIMIT_SECONDS, Roost
from tests.scripted_server import ScriptedServer, call, refuse, say
from tests.scripted_server.faults import TOLD_WINDOW
from tests.scripted_server.replies import Gate

TASKS = [
    {"id": "1", "title": "Write a.txt", "detail": "One line.", "after": [], "checks": ["test -s a.txt"], "criteria": []},
    {"id": "2", "title": "Write b.txt", "detail": "", "after": ["1"], "checks": ["grep -q two b.txt"], "criteria": []},
]  # fmt: skip
PLAN = json.dumps({"tasks": TASKS})
pytestmark = [pytest.mark.server, pytest.mark.slow]

FREE = ("--permission", "full", "--sandbox", "external")


def command(workspace: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(CLI), *arguments, "--workspace", str(workspace)]


def plan_of(workspace: Path) -> Project:
    return read((workspace / ".roost/project.json").read_text())


def with_plan(workspace: Path, *tasks: Task) -> None:
    (workspace / ".roost").mkdir()
    plan = Project(goal="Two files", stage=Stage.EXECUTING, tasks=tasks)
    (workspace / ".roost/project.json").write_text(written(plan))


def at(server: ScriptedServer) -> tuple[str, ...]:
    return ("--url", server.url, "--model", "m")


def said(request: Any) -> list[str]:
    return [str(message["content"]) for message in request.json["messages"]]


def test_a_goal_becomes_a_plan_and_the_plan_a_finished_project(roost: Roost, workspace: Path) -> None:
    planning = (call("list_files"), say("Nothing is there yet."), say(f"Here it is:\n```json\n{PLAN}\n```"))
    first = (call("write_file", path="a.txt", content="one\n"), say("a.txt holds one line."))
    second = (call("write_file", path="b.txt", content="two\n"), say("b.txt says two."))

    with ScriptedServer((*planning, *first, *second), window_tokens=TOLD_WINDOW) as server:
        planned = roost("plan", "Two files", "--yes", *at(server))
        taken = plan_of(workspace)
        worked = roost("project", "next", "--all", *at(server), *FREE)

    assert (planned.returncode, worked.returncode) == (0, 0), planned.stderr + worked.stderr
    assert (taken.goal, taken.stage, [task.checks for task in taken.tasks]) == (
        *("Two files", Stage.EXECUTING),
        [("test -s a.txt",), ("grep -q two b.txt",)],
    )
    done = plan_of(workspace)
    assert (done.stage, [task.status for task in done.tasks]) == (Stage.COMPLETE, [Status.DONE, Status.DONE])
    assert done.tasks[0].notes == ("a.txt holds one line.",)
    words = said(server.requests[5])[-1]
    assert "Task 2: Write b.txt" in words
    assert "task 1 (Write a.txt): a.txt holds one line." in words
    assert "- grep -q two b.txt" in words
    assert worked.stdout.splitlines()[-1] == "The project is complete, 2 of 2 tasks done."


def test_while_planning_nothing_is_written(roost: Roost, workspace: Path) -> None:
    steps = (call("write_file", path="a.txt", content="x"), say("I cannot write."), say(PLAN))

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        planned = roost("plan", "Two files", "--json", *at(server))

    assert planned.returncode == 0
    assert not (workspace / "a.txt").exists()
    assert "mode plan only reads" in said(server.requests[1])[-1]
    assert read(planned.stdout) == plan_of(workspace)
    assert plan_of(workspace).stage is Stage.PLANNING


def test_a_server_that_holds_replies_to_a_schema_is_told_to(roost: Roost, workspace: Path) -> None:
    pages = {"/version": {"version": "0.33.0"}}

    with ScriptedServer((say("Nothing."), say(PLAN)), window_tokens=TOLD_WINDOW, pages=pages) as server:
        planned = roost("plan", "Two files", "--yes", *at(server))

    held = [request.json.get("response_format") for request in server.requests]
    assert planned.returncode == 0, planned.stderr
    assert held[0] is None
    assert held[1]["json_schema"]["schema"]["required"] == ["tasks"]
    assert len(plan_of(workspace).tasks) == 2


def test_a_plan_that_is_wrong_is_asked_for_again_with_what_is_wrong(roost: Roost, workspace: Path) -> None:
    wrong = json.dumps({"tasks": [{**TASKS[0], "after": ["7"]}]})

    with ScriptedServer((say("Nothing."), say(wrong), say(PLAN)), window_tokens=TOLD_WINDOW) as server:
        planned = roost("plan", "Two files", "--yes", *at(server))

    assert planned.returncode == 0, planned.stderr
    assert "Task '1' comes after '7', which is not in the plan." in said(server.requests[2])[-1]


def test_a_model_that_writes_no_plan_is_told_of(roost: Roost, workspace: Path) -> None:
    with ScriptedServer([say("Sure, I will.")] * 5, window_tokens=TOLD_WINDOW) as server:
        planned = roost("plan", "Two files", "--yes", *at(server))

    assert planned.returncode == 1
    assert "The model wrote no plan that can be used" in planned.stderr
    assert not (workspace / ".roost/project.json").exists()


def test_a_failing_check_goes_back_until_it_is_mended(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="b", checks=("cat b.txt && grep -q two b.txt",)))
    steps = (
        *(call("write_file", path="b.txt", content="one\n"), say("Done.")),
        *(
            call("read_file", path="b.txt"),
            call("write_file", path="b.txt", content="two\n"),
            say("Now it is."),
        ),
    )

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        worked = roost("project", "next", *at(server), *FREE)

    assert worked.returncode == 0, worked.stdout + worked.stderr
    sent_back = said(server.requests[2])[-1]
    assert "The task is not done yet." in sent_back
    assert "[data]\n`cat b.txt && grep -q two b.txt` failed:\none\nexit code 1\n[/data]" in sent_back
    (task,) = plan_of(workspace).tasks
    assert (task.status, task.tries, task.notes) == (Status.DONE, 2, ("Now it is.",))


def test_a_check_that_keeps_failing_blocks_the_task_with_the_reason(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("false",)), Task(id="2", title="b", after=("1",)))

    with ScriptedServer([say("Done.")] * 5, window_tokens=TOLD_WINDOW) as server:
        worked = roost("project", "next", "--all", "--tries", "2", *at(server), *FREE)

    assert worked.returncode == 1
    assert len(server.requests) == 2
    first, second = plan_of(workspace).tasks
    assert (first.status, second.status) == (Status.BLOCKED, Status.TODO)
    assert first.notes == ("2 tries did not get it done. `false` failed:\nexit code 1",)
    assert worked.stdout.splitlines()[-1] == "Nothing can be begun now (blocked: 1). roost project shows why."


def test_the_models_word_alone_is_no_proof(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="a"))

    with ScriptedServer([say("Done.")] * 3, window_tokens=TOLD_WINDOW) as server:
        worked = roost("project", "next", *at(server), *FREE)

    assert worked.returncode == 1
    assert "Nothing you ran since your last change shows that it is done." in said(server.requests[1])[-1]
    assert plan_of(workspace).tasks[0].status is Status.REVIEW


def test_a_model_that_gives_up_says_why(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("true",)))

    with ScriptedServer([say("BLOCKED: there is no compiler.")], window_tokens=TOLD_WINDOW) as server:
        worked = roost("project", "next", *at(server), *FREE)

    assert worked.returncode == 1
    (task,) = plan_of(workspace).tasks
    assert (task.status, task.notes) == (Status.BLOCKED, ("BLOCKED: there is no compiler.",))


def test_a_server_that_is_gone_leaves_the_task_to_be_done(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("true",)))

    with ScriptedServer([refuse(400, "no")] * 9, window_tokens=TOLD_WINDOW) as server:
        worked = roost("project", "next", *at(server), *FREE)

    assert worked.returncode == 3
    (task,) = plan_of(workspace).tasks
    assert (task.status, task.tries, task.runner) == (Status.TODO, 0, "")


def test_without_any_server_the_plan_stays_as_it_was(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("true",)))
    before = (workspace / ".roost/project.json").read_text()

    worked = roost("project", "next", "--url", "http://127.0.0.1:9/v1", "--model", "m", *FREE)

    assert worked.returncode == 3
    assert "127.0.0.1:9" in worked.stderr
    assert (workspace / ".roost/project.json").read_text() == before


@pytest.mark.parametrize(
    "ending",
    [
        (signal.SIGKILL, -9, Status.DOING),
        (signal.SIGINT, 130, Status.TODO),
        (signal.SIGTERM, 130, Status.TODO),
    ],
)
def test_a_runner_that_is_ended_in_the_middle_is_followed_by_the_next(
    ending: tuple[int, int, Status], roost: Roost, workspace: Path, environment: Mapping[str, str]
) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("test -s a.txt",)))
    steps = (say("Let me ", Gate(), "think"), call("write_file", path="a.txt", content="x"), say("Done."))

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        arguments = ("project", "next", *at(server), *FREE)
        with subprocess.Popen(
            command(workspace, *arguments), cwd=workspace, env=environment, stdin=subprocess.DEVNULL
        ) as running:
            server.wait_for_requests(1)
            os.kill(running.pid, ending[0])
            running.wait(timeout=LIMIT_SECONDS)
        left = plan_of(workspace).tasks[0]
        worked = roost(*arguments)

    assert (running.returncode, left.status) == ending[1:]
    assert worked.returncode == 0, worked.stdout + worked.stderr
    done = plan_of(workspace).tasks[0]
    assert (done.status, done.runner) == (Status.DONE, "")


def test_two_runners_do_not_take_the_same_task(
    roost: Roost, workspace: Path, environment: Mapping[str, str]
) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("true",)))

    with ScriptedServer((say("Wait ", Gate()), say("Done.")), window_tokens=TOLD_WINDOW) as server:
        arguments = ("project", "next", *at(server), *FREE)
        with subprocess.Popen(
            command(workspace, *arguments), cwd=workspace, env=environment, stdin=subprocess.DEVNULL
        ) as running:
            server.wait_for_requests(1)
            second = roost(*arguments)
            os.kill(running.pid, signal.SIGINT)
            running.wait(timeout=LIMIT_SECONDS)
        assert len(server.requests) == 1

    assert second.returncode == 1
    assert "being done by somebody else: 1" in second.stdout


def test_what_a_later_task_broke_is_opened_again_in_the_review(roost: Roost, workspace: Path) -> None:
    with_plan(
        workspace,
        Task(id="1", title="a", status=Status.DONE, checks=("test -e a.txt",)),
        Task(id="2", title="b", status=Status.DONE),
    )

    worked = roost("project", "next", *FREE)

    assert worked.returncode == 1
    plan = plan_of(workspace)
    assert (plan.stage, plan.tasks[0].status) == (Stage.EXECUTING, Status.TODO)
    assert plan.tasks[0].notes[0].startswith("In the review of the whole: `test -e a.txt` failed")


def test_a_chat_plans_takes_and_carries_out(workspace: Path, environment: Mapping[str, str]) -> None:
    steps = (
        *(call("write_file", path="a.txt", content="x"), say("Not now."), say(PLAN)),
        say(json.dumps({"tasks": TASKS[:1]})),
        *(call("write_file", path="a.txt", content="one\n"), say("There it is.")),
        say("You are welcome."),
    )
    typed = (
        "/plan Two files",
        "Only the first one, please.",
        "y",
        "/project next --all",
        "/project 1",
        "/project set 1",
        "/project set 1 todo",
        "Thanks.",
    )

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        chat = subprocess.run(
            command(workspace, *at(server), *FREE),
            cwd=workspace,
            env=environment,
            input="\n".join(typed) + "\n",
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )

    assert chat.returncode == 0, chat.stderr
    assert "mode plan only reads" in said(server.requests[1])[-1]
    assert (
        "The user wants the plan to be different: Only the first one, please." in said(server.requests[3])[-1]
    )
    assert '"tasks"' not in chat.stdout
    assert "- write_file a.txt" in chat.stdout.replace("●", "-")
    assert "\nThere it is.\n" in chat.stdout
    assert "Task 1 is done." in chat.stdout
    assert "The project is complete, 1 of 1 tasks done." in chat.stdout
    assert "note: There it is." in chat.stdout
    assert (workspace / "a.txt").read_text() == "one\n"
    assert "/project set TASK STATUS, which is one of todo, doing" in chat.stdout
    assert "task 1: done -> todo" in chat.stdout
    talk = "\n".join(said(server.requests[-1]))
    assert talk.count("Stage: executing, 0 of 1 tasks done") == 1
    assert "The plan was changed" not in talk


def test_a_plan_that_is_carried_out_is_only_replaced_when_that_is_wanted(
    roost: Roost, workspace: Path
) -> None:
    with_plan(workspace, Task(id="1", title="a"))

    with ScriptedServer((say("Nothing."), say(PLAN)), window_tokens=TOLD_WINDOW) as server:
        refused = roost("plan", "Another", "--yes", *at(server))
        replaced = roost("plan", "Another", "--yes", "--replace", *at(server))

    assert refused.returncode == 1
    assert "There is a plan already, which is executing: 'Two files'." in refused.stderr
    assert replaced.returncode == 0, replaced.stderr
    assert plan_of(workspace).goal == "Another"
    assert read((workspace / ".roost/project.previous.json").read_text()).goal == "Two files"


def test_a_draft_is_kept_and_taken_later(roost: Roost, workspace: Path) -> None:
    with ScriptedServer((say("Nothing."), say(PLAN)), window_tokens=TOLD_WINDOW) as server:
        drafted = roost("plan", "Two files", *at(server))
        early = roost("project", "next", *at(server))
        taken = roost("plan", "--yes", *at(server))

    assert (drafted.returncode, early.returncode, taken.returncode) == (0, 1, 0)
    assert "check: test -s a.txt" in drafted.stdout
    assert "not accepted yet" in early.stderr
    assert plan_of(workspace).stage is Stage.EXECUTING


def test_a_check_that_may_not_run_leaves_the_task_to_a_person(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("rm -rf ~",)))

    with ScriptedServer((say("Done."),), window_tokens=TOLD_WINDOW) as server:
        worked = roost("project", "next", *at(server), *FREE)

    assert worked.returncode == 1
    (task,) = plan_of(workspace).tasks
    assert task.status is Status.REVIEW
    assert "`rm -rf ~` was not run: shell was refused" in task.notes[0]


def test_a_yes_that_nobody_is_there_to_give_is_no_fault_of_the_task(roost: Roost, workspace: Path) -> None:
    with_plan(workspace, Task(id="1", title="a", checks=("true",)))
    steps = (call("write_file", path="a.txt", content="x"), say("I may not."))

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW) as server:
        worked = roost("project", "next", "--all", *at(server), "--permission", "ask")

    assert worked.returncode == 1
    assert "Run with --permission auto-edit" in worked.stderr
    (task,) = plan_of(workspace).tasks
    assert (task.status, task.tries) == (Status.TODO, 0)


def test_a_script_fills_a_plan_without_a_model(roost: Roost, workspace: Path) -> None:
    made = [
        roost("project", "new", "Two files"),
        roost("project", "add", "a", "--check", "test -e a.txt"),
        roost("project", "stage", "executing"),
        roost("project", "check", "1", *FREE),
    ]

    assert [run.returncode for run in made] == [0, 0, 0, 1]
    assert made[-1].stdout == "Check: test -e a.txt\n  failed:\nexit code 1\n"
    (workspace / "a.txt").touch()
    assert roost("project", "check", "1", *FREE).stdout.endswith("Task 1 is done.\n")


def test_two_runners_share_the_tasks_of_one_plan(workspace: Path, environment: Mapping[str, str]) -> None:
    with_plan(workspace, *(Task(id=str(number), title="t", checks=("true",)) for number in range(8)))

    with ScriptedServer([say("Done.")] * 20, window_tokens=TOLD_WINDOW) as server:
        arguments = command(workspace, "project", "next", "--all", *at(server), *FREE)
        runners = [
            subprocess.Popen(arguments, cwd=workspace, env=environment, stdin=subprocess.DEVNULL)
            for _ in range(2)
        ]
        codes = [runner.wait(timeout=LIMIT_SECONDS) for runner in runners]

    plan = plan_of(workspace)
    assert (plan.stage, codes) == (Stage.COMPLETE, [0, 0])
    assert [(task.status, task.tries, task.notes) for task in plan.tasks] == [
        (Status.DONE, 1, ("Done.",))
    ] * 8
    assert len(server.requests) == 8
