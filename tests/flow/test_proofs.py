"""Commands that prove work, and a model that has passed its test and runs it again."""

import json
from pathlib import Path

import pytest

from core.conversation import Conversation
from core.events import Event, Outcome
from core.messages import AssistantMessage, Finish, Message, ToolCall, ToolMessage, ToolStatus, UserMessage
from core.policies import End, GoOn, SendBack
from flow.completion import TurnReview
from flow.prompts import prompt
from flow.proofs import FAILED, command_with_tests, passed_again
from flow.steps import Step
from tests.tool.commanding import plain_backend, services_in
from tests.tool.filing import said
from tool.shell import Shell

PYTEST = "pytest -q"


def step(number: int, name: str, answer: str, **arguments: object) -> list[Message]:
    call = ToolCall(id=f"call-{number}", name=name, arguments=json.dumps(arguments))
    reply = AssistantMessage(parts=(call,), finish=Finish.CALLS)
    return [reply, ToolMessage(call_id=call.id, text=answer)]


def edit() -> list[Message]:
    return step(0, "edit_file", "Edited a.py, line 1.", path="a.py", old="a", new="b")


def runs(count: int, command: str = PYTEST, answer: str = "3 passed") -> list[Message]:
    return [one for number in range(count) for one in step(number + 1, "shell", answer, command=command)]


async def verdict(*messages: Message) -> object:
    async def nobody(event: Event) -> None: ...

    conversation = Conversation(messages=[UserMessage(text="go"), *messages])
    return await TurnReview().review(conversation, nobody)


async def test_a_passed_test_that_is_run_again_is_told_of_once_and_then_the_work_is_done() -> None:
    named = 'shell {"command": "pytest -q"} gave the same each time'

    assert await verdict(*edit(), *runs(2)) == GoOn()
    assert await verdict(*edit(), *runs(3)) == SendBack(
        feedback=prompt("passed_again", what=f"{named}, 3 times")
    )
    assert await verdict(*edit(), *runs(4)) == End(
        outcome=Outcome.DONE,
        note=f"Stopped, for the model only repeated a test that passes: {named}, 4 times.",
        evidence=(PYTEST,),
    )


@pytest.mark.parametrize(
    "messages",
    [
        runs(4),
        [*edit(), *runs(4, answer="1 failed\nexit code 1")],
        [*edit(), *runs(4, answer="ended by signal 9 (Killed)")],
        [*edit(), *runs(4, command="pytest -q | tail -3")],
        [*edit(), *runs(4, command="pytest -q || true")],
        [*edit(), *runs(4, command="! pytest -q")],
        [*edit(), *runs(4, command="pytest -q; echo ok")],
        [*edit(), *runs(4, command="ls")],
        [*edit(), *runs(4, command="cat tests.py")],
        [*edit(), *runs(4, command="pytest -q && git status")],
        [*edit(), *runs(4, command="pytest -q & wait")],
    ],
    ids=[
        "unchanged",
        "failed",
        "killed",
        "pipe",
        "or",
        "not",
        "then",
        "no test",
        "reading",
        "other",
        "beside",
    ],
)
async def test_nothing_else_is_taken_for_a_proof(messages: list[Message]) -> None:
    ended = await verdict(*messages)

    assert isinstance(ended, End)
    assert ended.outcome is Outcome.STUCK


@pytest.mark.parametrize(
    "command",
    ["cd app && python -m pytest -q 2>&1", "CI=1 ./run_tests.sh", "python3 -BS check.py", "make check"],
)
async def test_a_test_is_run_in_many_ways(command: str) -> None:
    ended = await verdict(*edit(), *runs(4, command=command))

    assert isinstance(ended, End)
    assert (ended.outcome, ended.evidence) == (Outcome.DONE, (command,))


@pytest.mark.parametrize(
    ("command", "is_test"),
    [
        ("cd app && python -m pytest -q 2>&1", True),
        ("python3 -BS check.py", True),
        ("./run_tests.sh", True),
        ("npm run test", True),
        ("make check", True),
        ("git status", False),
        ("echo done", False),
    ],
)
def test_commands_that_run_tests_are_known(command: str, is_test: bool) -> None:
    call = ToolCall(id="c", name="shell", arguments=json.dumps({"command": command}))

    assert bool(command_with_tests(call)) == is_test


def test_a_command_that_timed_out_has_passed_nothing() -> None:
    messages = [*edit(), *runs(1)]
    reply, answer = messages[-2:]
    assert isinstance(reply, AssistantMessage)
    late = ToolMessage(call_id=reply.calls[0].id, text="3 passed", status=ToolStatus.FAILED)
    first = messages[0]
    assert isinstance(first, AssistantMessage)

    assert isinstance(answer, ToolMessage)
    assert passed_again([Step(first), Step(reply, [answer])]) == PYTEST
    assert passed_again([Step(first), Step(reply, [late])]) == ""


async def test_the_shell_says_that_a_command_failed_as_it_is_read_here(tmp_path: Path) -> None:
    async with plain_backend() as backend:
        shell = Shell(services_in(tmp_path, backend))
        ends = [await said(shell, command=command) for command in ("exit 3", "kill -9 $$", "true")]

    assert [bool(FAILED.match(end.splitlines()[-1])) for end in ends] == [True, True, False]
