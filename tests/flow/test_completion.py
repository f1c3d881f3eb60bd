"""When a turn is over."""

import pytest

from core.conversation import Conversation
from core.events import Event, Outcome
from core.messages import (
    AssistantMessage,
    Finish,
    Message,
    Text,
    ToolCall,
    ToolMessage,
    ToolStatus,
    UserMessage,
)
from core.policies import End, GoOn, SendBack, Verdict
from flow.completion import TurnReview
from flow.prompts import prompt

ASKED = UserMessage(text="go")


def said(text: str, finish: Finish = Finish.DONE) -> AssistantMessage:
    return AssistantMessage(parts=(Text(text=text),), finish=finish)


def step(
    number: int, arguments: str = "{}", answer: str = "ok", status: ToolStatus = ToolStatus.OK
) -> tuple[Message, ...]:
    call = ToolCall(id=f"call-{number}", name="look", arguments=arguments)
    reply = AssistantMessage(parts=(call,), finish=Finish.CALLS)
    return reply, ToolMessage(call_id=call.id, text=answer, status=status)


def steps(*answers: str) -> list[Message]:
    return [message for number, answer in enumerate(answers) for message in step(number, answer=answer)]


REFUSED = step(1, answer="shell was refused.", status=ToolStatus.REFUSED)


@pytest.mark.parametrize(
    ("messages", "verdict"),
    [
        ([*steps("a")], GoOn()),
        ([said("done")], End(outcome=Outcome.DONE)),
        ([*steps("a", "a")], GoOn()),
        ([*steps("a", "a", "a")], SendBack(feedback=prompt("same_call", count="3"))),
        ([*steps("a", "b", "c", "d", "e")], GoOn()),
        ([*REFUSED, said("I could not.")], End(outcome=Outcome.REFUSED, note="shell was refused.")),
        ([*REFUSED, *step(2), said("Done another way.")], End(outcome=Outcome.DONE)),
        (
            [*step(1, answer="The model asks: red?", status=ToolStatus.NEEDS_INPUT)],
            End(outcome=Outcome.NEEDS_INPUT, note="The model asks: red?"),
        ),
        ([*steps("a"), said("Now I'll run the tests:")], SendBack(feedback=prompt("announced"))),
        ([*steps("a"), said("Let me fix that.")], SendBack(feedback=prompt("announced"))),
        ([*steps("a"), said("Done. Let me know if you want more.")], End(outcome=Outcome.DONE)),
        ([said("Let me fix that.")], End(outcome=Outcome.DONE)),
        ([*steps("a"), *[said("Let me fix that.")] * 3], End(outcome=Outcome.DONE)),
        ([said("so it is, so it is, ", Finish.REPEATED)], SendBack(feedback=prompt("repeated_reply"))),
        (
            [said("so it is, ", Finish.REPEATED), said("so it is, ", Finish.REPEATED)],
            End(outcome=Outcome.STUCK, note="Stopped: the model kept repeating 'so it is,'."),
        ),
        ([said("half", Finish.LENGTH)], SendBack(feedback=prompt("cut_off"))),
        (
            [said("half", Finish.LENGTH)] * 4,
            End(outcome=Outcome.STUCK, note="Stopped: the model's replies keep hitting their length limit."),
        ),
        (
            [*steps(*"aaaaa")],
            End(
                outcome=Outcome.STUCK, note="Stopped: the model called look 5 times with the same arguments."
            ),
        ),
        (
            [*steps(*"abcdefgh")],
            End(
                outcome=Outcome.STUCK, note="Stopped: the model called look 8 times with the same arguments."
            ),
        ),
    ],
)
async def test_the_verdict_follows_from_what_was_said_and_answered(
    messages: list[Message], verdict: Verdict
) -> None:
    conversation = Conversation(messages=[ASKED, *messages])

    assert await TurnReview().review(conversation, nobody) == verdict


async def test_two_calls_in_turns_with_the_same_answers_end_as_stuck_too() -> None:
    messages = [
        message
        for number in range(10)
        for message in step(number, arguments=f'{{"a": {number % 2}}}', answer=str(number % 2))
    ]

    verdict = await TurnReview().review(Conversation(messages=[ASKED, *messages]), nobody)

    assert isinstance(verdict, End)
    assert verdict.outcome is Outcome.STUCK


async def test_what_an_earlier_turn_repeated_does_not_count() -> None:
    messages = [ASKED, *steps("a", "a"), said("done"), ASKED, *step(9, answer="a")]

    conversation = Conversation(messages=messages, turn_start=6)

    assert await TurnReview().review(conversation, nobody) == GoOn()


async def nobody(event: Event) -> None:
    raise AssertionError(event)
