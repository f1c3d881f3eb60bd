import json
from random import Random

import pytest

from core.deltas import CallDelta, ReplyBuilder
from core.messages import AssistantMessage, Finish, UserMessage
from core.protocols import ArgumentsOf, ModelRequest
from core.tools import ToolSpec
from tests.simulator.knowledge import Knowledge
from tests.simulator.mistakes import KINDS, Moment, held, mistaken, spoken
from tests.simulator.plan import Act, Call
from tests.simulator.tasks.failing_test import FAILING_TEST

EDIT = FAILING_TEST.changes[0].call
ASKED = ModelRequest(system="", messages=(UserMessage(text="go"), AssistantMessage(parts=())))
EVERY_SEED = range(60)


def moment(right: Act, seed: int, request: ModelRequest = ASKED) -> Moment:
    return Moment(right, Knowledge.of(FAILING_TEST, request.messages), request, Random(seed))


def whole(deltas) -> AssistantMessage:
    reply = ReplyBuilder()
    for delta in deltas:
        reply.add(delta)
    return reply.build()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "repeated call"])
def test_a_mistake_is_never_the_right_step(kind: str) -> None:
    for seed in EVERY_SEED:
        made = mistaken(kind, moment(EDIT, seed))

        assert made is not None
        assert _meant(whole(made)) != EDIT


def _meant(reply: AssistantMessage) -> Call | None:
    """A call as a strict reader takes it, and no other."""
    if reply.finish is not Finish.CALLS:
        return None
    try:
        return Call(reply.calls[0].name, json.loads(reply.calls[0].arguments))
    except ValueError:
        return None


def test_the_right_step_is_said_as_it_is() -> None:
    assert _meant(whole(spoken(EDIT, Random(1)))) == EDIT


def test_a_repeated_call_is_that_of_the_newest_reply_with_one() -> None:
    before = whole(spoken(EDIT, Random(1)))
    request = ModelRequest(system="", messages=(UserMessage(text="go"), before, AssistantMessage(parts=())))

    again = mistaken("repeated call", moment("Done.", 2, request))

    assert again is not None
    assert [(call.name, call.arguments) for call in whole(again).calls] == [
        (call.name, call.arguments) for call in before.calls
    ]


def test_nothing_can_be_repeated_at_first() -> None:
    assert mistaken("repeated call", moment(EDIT, 1)) is None


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_a_held_reply_is_wrong_in_its_content_only(kind: str | None) -> None:
    tool = ToolSpec(name="edit_file", description="", parameters={"required": ["path", "old", "new"]})
    request = ModelRequest(system="", messages=ASKED.messages, held_to=ArgumentsOf(tool=tool, by="grammar"))

    for seed in EVERY_SEED:
        reply = whole(held(kind, moment(EDIT, seed, request)))

        assert set(json.loads(reply.text)) >= {"path", "old", "new"}
        assert not any(isinstance(delta, CallDelta) for delta in held(kind, moment(EDIT, seed, request)))
