"""The double that stands for a model."""

import pytest

from core.deltas import TextDelta
from core.errors import RequestRejected, StreamBroken
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall
from gate.scripted import ScriptedGateway, call, call_with, calls, say, think
from tests.gate.asking import deltas, reply, request


async def test_replies_come_in_order_and_requests_are_kept() -> None:
    gateway = ScriptedGateway(say("one, in several pieces"), say("two"))

    first, second = await reply(gateway, request("a")), await reply(gateway, request("b"))

    assert (first.text, second.text) == ("one, in several pieces", "two")
    assert gateway.requests == [request("a"), request("b")]


async def test_calls_are_numbered_through_the_script() -> None:
    gateway = ScriptedGateway(call("a", name="x"), calls(call("b"), call("c")))

    made = [*(await reply(gateway)).calls, *(await reply(gateway)).calls]

    assert [(one.id, one.name, one.arguments) for one in made] == [
        ("call-1", "a", '{"name": "x"}'),
        ("call-2", "b", "{}"),
        ("call-3", "c", "{}"),
    ]


async def test_one_reply_can_think_speak_and_call() -> None:
    gateway = ScriptedGateway(think("Hm.", say("Look."), call_with("ls", "{broken")))

    assert await reply(gateway) == AssistantMessage(
        parts=(
            Thinking(text="Hm."),
            Text(text="Look."),
            ToolCall(id="call-1", name="ls", arguments="{broken"),
        ),
        finish=Finish.CALLS,
    )


async def test_an_error_in_a_reply_is_raised_where_it_stands() -> None:
    gateway = ScriptedGateway((TextDelta(text="half"), StreamBroken("cut")))

    stream = gateway.stream(request())

    assert await anext(stream) == TextDelta(text="half")
    with pytest.raises(StreamBroken, match="cut"):
        await anext(stream)


async def test_a_script_that_is_over_says_so() -> None:
    with pytest.raises(RequestRejected) as caught:
        await deltas(ScriptedGateway())

    assert str(caught.value) == "The script has no reply to request 1. Give it one more."
