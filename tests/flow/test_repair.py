"""The ladder as a whole: what is in order stays, what is mended is told."""

from core.messages import AssistantMessage, Text, ToolCall
from tests.flow.laddering import Model, calling


async def test_a_reply_that_is_in_order_stays_as_it_is() -> None:
    model = Model()
    reply = AssistantMessage(parts=(Text(text="I look."), *calling('{"path": "a"}').parts))

    assert await model.mended(reply) == reply
    assert (model.told, model.ways) == ([], [])


async def test_calls_that_share_an_id_get_ids_of_their_own() -> None:
    call = ToolCall(id="c", name="look_at", arguments='{"path": "a"}')

    reply = await Model().mended(AssistantMessage(parts=(call, call, call)))

    assert [call.id for call in reply.calls] == ["c", "c-2", "c-3"]


async def test_without_rungs_a_reply_is_what_it_was() -> None:
    reply = calling("{'file': 7}", name="Look-At")

    assert await Model(rungs=()).mended(reply) == reply


async def test_one_fault_after_another_is_mended() -> None:
    reply = await Model().mended(calling("{'file': 7,}", name="Look-At"))

    assert reply == calling('{"path": "7"}')
