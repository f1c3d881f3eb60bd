"""Replies that are as good as none."""

from dataclasses import replace

import pytest

from core.conversation import Conversation
from core.events import NoteAdded, ReplyMended
from core.messages import AssistantMessage, Finish, Message, Text, Thinking, UserMessage
from flow.asking_again import call_in_thinking, empty_reply
from flow.prompts import prompt
from tests.flow.laddering import Model, calling, saying, without

EMPTY = AssistantMessage(parts=(Thinking(text="Hm."), Text(text="\n")))
DONE = saying("Done.")
CALL = '<tool_call>{"name": "look_at", "arguments": {"path": "a"}}</tool_call>'
PLANNED = AssistantMessage(parts=(Thinking(text=f"I look.\n{CALL}\n"),))
ASKED_AGAIN = ReplyMended(what="The reply was empty: asked again.")
NOTE = NoteAdded(source="empty_reply", text=prompt("empty_reply"))
IN_THINKING = [
    ReplyMended(what="The model made its call within its thoughts, where none runs: asked again."),
    NoteAdded(source="call_in_thinking", text=prompt("call_in_thinking")),
]


def nudged(*names: str) -> list[Message]:
    return [UserMessage(text=prompt(name), source="review") for name in names]


async def test_an_empty_reply_is_asked_for_again_and_the_second_time_with_a_word() -> None:
    model = Model([EMPTY, DONE])

    assert await model.mended(EMPTY) == DONE
    assert model.told == [ASKED_AGAIN, ASKED_AGAIN, NOTE]


async def test_a_model_that_stays_silent_is_not_asked_for_ever() -> None:
    model = Model([EMPTY, EMPTY])

    assert await model.mended(EMPTY) == EMPTY
    assert model.replies == []


async def test_a_call_that_ends_the_thoughts_is_asked_for_with_a_word_at_once() -> None:
    model = Model([calling('{"path": "a"}')])

    assert await model.mended(PLANNED) == calling('{"path": "a"}')
    assert model.told == IN_THINKING


@pytest.mark.parametrize(
    "thinking",
    [
        CALL,
        f"{CALL}\n\n",
        "<function=look_at>\n<parameter=path>a</parameter>\n</function>",
        "[TOOL_CALLS]look_at{}",
        "[look_at(path='a')]",
        '```json\n{"name": "look_at", "arguments": {}}\n```',
        "to=functions.look_at <|message|>{}<|call|>",
        "<tool_call>look_at\n</tool_call>",
    ],
)
async def test_it_is_known_in_any_notation(thinking: str) -> None:
    model = Model([DONE])

    await model.mended(AssistantMessage(parts=(Thinking(text=thinking),)))

    assert model.told == IN_THINKING


@pytest.mark.parametrize(
    "reply",
    [
        replace(PLANNED, parts=(*PLANNED.parts, Text(text="It is done."))),
        replace(PLANNED, parts=(*PLANNED.parts, *calling('{"path": "b"}').parts)),
        replace(PLANNED, finish=Finish.REPEATED),
    ],
    ids=["an answer", "an action", "a circle"],
)
async def test_thoughts_that_something_follows_are_no_call_that_was_missed(reply: AssistantMessage) -> None:
    model = Model()

    await model.mended(reply)

    assert NOTE not in model.told
    assert IN_THINKING[1] not in model.told


@pytest.mark.parametrize("thinking", ["I could use look_at.", f"{CALL} But no, I am done.", "f(x) {}", ""])
async def test_thoughts_that_only_speak_of_a_tool_are_an_empty_reply(thinking: str) -> None:
    model = Model([DONE])

    await model.mended(AssistantMessage(parts=(Thinking(text=thinking),)))

    assert model.told == [ASKED_AGAIN]


async def test_all_nudges_of_a_turn_are_two_whatever_for() -> None:
    model = Model([PLANNED, PLANNED, PLANNED], Conversation(messages=nudged("announced")))

    assert await model.mended(PLANNED) == PLANNED
    assert model.told == [*IN_THINKING, ASKED_AGAIN]


async def test_the_next_turn_has_nudges_of_its_own() -> None:
    before = [*nudged("announced", "empty_reply"), UserMessage(text="and now?")]
    model = Model([DONE], Conversation(messages=before, turn_start=2))

    await model.mended(PLANNED)

    assert model.told == IN_THINKING


async def test_of_a_reply_in_circles_each_span_stays_once() -> None:
    model, span = Model(), "I should look at the file again. "
    circles = AssistantMessage(parts=(Thinking(text=span * 8),), finish=Finish.REPEATED)

    reply = await model.mended(circles)

    assert reply == AssistantMessage(parts=(Thinking(text=span),), finish=Finish.REPEATED)
    assert model.told == [ReplyMended(what="The reply went round in circles: cut.")]


async def test_without_these_rungs_nothing_is_asked_again() -> None:
    model = Model(rungs=without(call_in_thinking, empty_reply))

    assert await model.mended(PLANNED) == PLANNED
    assert model.told == []
