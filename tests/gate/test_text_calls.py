"""The ring that turns calls written as text into calls."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.deltas import CallDelta, Delta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall, UserMessage
from core.protocols import ArgumentsOf
from gate.scripted import ScriptedGateway, call, calls, say, think
from gate.text_calls import TextCallGateway
from tests.counting import turns_of_others
from tests.gate.asking import built, deltas, reply, request
from tests.processes import printed_by

LS = '<tool_call>{"name": "ls", "arguments": {"path": "."}}</tool_call>'
CUT = FinishDelta(finish=Finish.LENGTH)
DONE = FinishDelta(finish=Finish.DONE)


def said(*steps: Delta) -> TextCallGateway:
    return TextCallGateway(ScriptedGateway(steps))


def test_scanners_are_imported_when_a_model_talks_and_not_before() -> None:
    program = "import sys, gate.text_calls; print([name for name in sys.modules if name.startswith('gate.dialects.')])"

    assert printed_by(program) == "['gate.dialects.table']\n"


async def test_a_found_call_keeps_its_words_and_gets_an_id() -> None:
    gateway = TextCallGateway(ScriptedGateway(say(f"Look.\n{LS}")))

    assert await reply(gateway, request(tools=["ls"])) == AssistantMessage(
        parts=(Text(text="Look.\n"), ToolCall(id="call-1", name="ls", arguments='{"path": "."}', source=LS)),
        finish=Finish.CALLS,
    )


async def test_what_was_mended_in_a_found_call_comes_with_it() -> None:
    words = LS.removesuffix("}</tool_call>")
    gateway = TextCallGateway(ScriptedGateway(say(words)))

    [found] = (await reply(gateway, request(tools=["ls"]))).calls

    assert found.mends == ("closing brackets missing", "closing tag missing")


async def test_ids_are_never_used_twice_in_a_conversation() -> None:
    gateway = TextCallGateway(ScriptedGateway(say(LS), say(LS + LS)))
    asked = request(tools=["ls"])
    first = await reply(gateway, asked)

    second = await reply(
        gateway, replace(asked, messages=(*asked.messages, first, UserMessage(text="Again")))
    )

    assert [one.id for one in (*first.calls, *second.calls)] == ["call-1", "call-2", "call-3"]


async def test_an_id_that_the_model_wrote_is_kept() -> None:
    text = "<|tool_call_begin|>functions.ls:7<|tool_call_argument_begin|>{}<|tool_call_end|>"

    found = await reply(TextCallGateway(ScriptedGateway(say(text))), request(tools=["ls"]))

    assert [one.id for one in found.calls] == ["functions.ls:7"]


async def test_no_half_of_a_mark_is_let_out() -> None:
    seen = await deltas(TextCallGateway(ScriptedGateway(say(f"Look.\n{LS}"))), request(tools=["ls"]))

    texts = "".join(delta.text for delta in seen if isinstance(delta, TextDelta))
    assert texts == "Look.\n"


async def test_structured_calls_win_over_written_ones() -> None:
    both = said(TextDelta(text=LS), *call("ls")[:-1], TextDelta(text=LS), FinishDelta(finish=Finish.CALLS))

    found = await reply(both, request(tools=["ls"]))

    assert ([one.source for one in found.calls], found.text) == ([""], LS + LS)


async def test_what_is_held_to_arguments_is_a_call_of_their_tool_whatever_is_in_it() -> None:
    asked = request(tools=["ls"])
    held = replace(asked, held_to=ArgumentsOf(tool=asked.tools[0], by="json_schema"))

    found = await reply(TextCallGateway(ScriptedGateway(say(LS))), held)

    assert [(one.name, one.arguments, one.source) for one in found.calls] == [("ls", LS, "")]


async def test_a_call_at_the_end_of_thoughts_that_nothing_follows_is_made() -> None:
    gateway = TextCallGateway(ScriptedGateway(think(f"I look.\n{LS}")))

    found = await reply(gateway, request(tools=["ls"]))

    assert found.parts == (
        Thinking(text="I look.\n"),
        ToolCall(id="call-1", name="ls", arguments='{"path": "."}', source=LS),
    )
    assert found.finish is Finish.CALLS


async def test_a_call_in_thoughts_that_come_to_their_end_is_none() -> None:
    found = await reply(said(ThinkingDelta(text=LS), TextDelta(text="Done."), DONE), request(tools=["ls"]))

    assert found.parts == (Thinking(text=LS), Text(text="Done."))


async def test_a_call_in_thoughts_before_a_structured_call_is_none() -> None:
    found = await reply(said(ThinkingDelta(text=LS), *call("ls", path="x")), request(tools=["ls"]))

    assert (found.thinking, [one.arguments for one in found.calls]) == (LS, ['{"path": "x"}'])


async def test_thoughts_that_the_server_left_in_the_text_are_thoughts() -> None:
    found = await reply(said(TextDelta(text="<think>Hm.</think>\n\nDone."), DONE), request(tools=["ls"]))

    assert found.parts == (Thinking(text="Hm."), Text(text="Done."))


@pytest.mark.parametrize("finish", [Finish.LENGTH, Finish.REPEATED, Finish.INTERRUPTED])
@pytest.mark.parametrize("text", ['<tool_call>{"name": "ls", "argum', LS.removesuffix("</tool_call>"), LS])
async def test_in_a_reply_that_was_cut_no_call_is_made(text: str, finish: Finish) -> None:
    found = await reply(said(TextDelta(text=text), FinishDelta(finish=finish)), request(tools=["ls"]))

    assert (found.text, found.calls, found.finish) == (text, (), finish)


async def test_without_tools_a_call_is_text() -> None:
    found = await reply(TextCallGateway(ScriptedGateway(say(LS))), request())

    assert (found.text, found.calls) == (LS, ())


async def test_a_restart_forgets_what_was_held_back() -> None:
    broken = (
        TextDelta(text="<tool_call>{"),
        RestartDelta(reason="cut", wait_seconds=0),
        *calls(say("Hello."), call("ls")),
    )

    found = built([delta async for delta in said(*broken).stream(request(tools=["ls"]))])

    assert (found.text, [one.name for one in found.calls]) == ("Hello.", ["ls"])


async def test_much_text_behind_a_call_is_let_out_before_the_end() -> None:
    steps: Sequence[Delta] = [TextDelta(text=LS), *(TextDelta(text="more words, ") for _ in range(200)), DONE]

    seen = await deltas(said(*steps), request(tools=["ls"]))

    first_text = next(place for place, delta in enumerate(seen) if isinstance(delta, TextDelta))
    assert first_text < len(seen) - 50
    assert [type(delta) for delta in seen[-2:]] == [CallDelta, FinishDelta]
    assert built(seen).text == "more words, " * 200


async def test_only_the_family_that_is_named_and_the_common_ones_are_looked_for() -> None:
    kimi = "<|tool_call_begin|>functions.ls:0<|tool_call_argument_begin|>{}<|tool_call_end|>"

    found = await reply(
        TextCallGateway(ScriptedGateway(say(kimi + LS)), family="mistral"), request(tools=["ls"])
    )

    assert (found.text, [one.source for one in found.calls]) == (kimi, [LS])


async def test_others_have_a_turn_while_a_reply_that_comes_whole_is_looked_through() -> None:
    text = "a line, `code` and [text]\n" * 2_000
    with turns_of_others() as turns:
        found = await deltas(said(TextDelta(text=text)), request(tools=["ls"]))

    assert "".join(delta.text for delta in found if isinstance(delta, TextDelta)).count("\n") == 2_000
    assert len(turns) > 10


async def test_others_have_a_turn_while_many_pieces_are_there_already() -> None:
    with turns_of_others() as turns:
        await deltas(said(*(TextDelta(text="word ") for _ in range(1_000)), DONE), request())

    assert len(turns) > 50
