"""What of a prompt is the same in the next one."""

from dataclasses import replace

import pytest

from core.messages import AssistantMessage, Text, ToolMessage, UserMessage
from core.protocols import ModelRequest
from gate.prefix import begins_with, shared_messages
from tests.gate.asking import request

FIRST = UserMessage(text="go", head="Today.")
REPLY = AssistantMessage(parts=(Text(text="Yes."),))
ANSWER = ToolMessage(call_id="c", text="done")
BEFORE = replace(request(), messages=(FIRST, REPLY, ANSWER))


@pytest.mark.parametrize(
    ("now", "shared", "begins"),
    [
        (BEFORE, 3, True),
        (replace(BEFORE, messages=(*BEFORE.messages, REPLY)), 3, True),
        (replace(BEFORE, messages=(replace(FIRST), REPLY, ANSWER, REPLY)), 3, True),
        (replace(BEFORE, max_tokens=9, background=True), 3, True),
        (replace(BEFORE, messages=(FIRST, ANSWER, ANSWER)), 1, False),
        (replace(BEFORE, messages=(replace(FIRST, text="go on"), REPLY, ANSWER)), 0, False),
        (replace(BEFORE, messages=(FIRST, REPLY)), 2, False),
        (replace(BEFORE, messages=()), 0, False),
        (replace(BEFORE, system="Be long."), -1, False),
        (replace(BEFORE, tools=request(tools=["ls"]).tools), -1, False),
    ],
    ids=[
        "same",
        "longer",
        "equal",
        "other limits",
        "changed",
        "grown inside",
        "cut",
        "empty",
        "system",
        "tools",
    ],
)
def test_messages_are_shared_up_to_the_first_that_differs(
    now: ModelRequest, shared: int, begins: bool
) -> None:
    assert (shared_messages(BEFORE, now), begins_with(now, BEFORE)) == (shared, begins)


def test_the_newest_message_may_grow() -> None:
    warmed = replace(request(), messages=(UserMessage(text="", head="Today."),))

    assert begins_with(replace(request(), messages=(FIRST,)), warmed)
    assert not begins_with(replace(request(), messages=(UserMessage(text="go", head="Now."),)), warmed)
