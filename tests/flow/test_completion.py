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
from flow.completion import (
    CHECKS,
    Check,
    TurnReview,
    announcement,
    cut_off,
    loops,
    question,
    refusal,
    repeated_words,
    silence,
)
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


SAME = "look {} gave the same each time"
NUDGED = UserMessage(text=prompt("empty_reply"), source="empty_reply")
REFUSED = step(1, answer="shell was refused.", status=ToolStatus.REFUSED)


@pytest.mark.parametrize(
    ("messages", "verdict"),
    [
        ([*steps("a")], GoOn()),
        ([said("done")], End(outcome=Outcome.DONE)),
        ([*steps("a", "a")], GoOn()),
        ([*steps("a", "a", "a")], SendBack(feedback=prompt("going_in_circles", what=f"{SAME}, 3 times"))),
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
        ([*steps("a"), said("As I thought. Let me look at a.py.")], SendBack(feedback=prompt("announced"))),
        ([*steps("a"), said("Now I need to edit a.py.")], SendBack(feedback=prompt("announced"))),
        ([*steps("a"), said("I need to know which one you mean.")], End(outcome=Outcome.DONE)),
        ([*steps("a"), said("All of it passes. I'll be here.")], End(outcome=Outcome.DONE)),
        ([said("Let me fix that.")], SendBack(feedback=prompt("announced"))),
        ([said("I see. I'll start by reading a.py:")], SendBack(feedback=prompt("announced"))),
        ([said("Okay, I will answer in German.")], End(outcome=Outcome.DONE)),
        ([said("These are the steps:")], End(outcome=Outcome.DONE)),
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
            [*steps(*"aaaa")],
            End(outcome=Outcome.STUCK, note=f"Stopped, for the model went in circles: {SAME}, 4 times."),
        ),
        (
            [*steps(*"abcdefgh")],
            End(
                outcome=Outcome.STUCK,
                note="Stopped, for the model went in circles: look {} was called 8 times in a row.",
            ),
        ),
        ([*steps("a"), NUDGED, NUDGED, said("Let me fix that.")], End(outcome=Outcome.DONE)),
        ([*steps("a"), NUDGED, said("Let me fix that.")], SendBack(feedback=prompt("announced"))),
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


@pytest.mark.parametrize(
    ("check", "messages"),
    [
        (question, [*step(1, answer="red?", status=ToolStatus.NEEDS_INPUT)]),
        (loops, steps("a", "a", "a")),
        (loops, steps("a", "a", "a", "a")),
        (repeated_words, [said("so it is, so it is, ", Finish.REPEATED)]),
        (cut_off, [said("half", Finish.LENGTH)]),
        (silence, [said("")]),
        (announcement, [*steps("a"), said("Let me fix that.")]),
        (refusal, [*REFUSED, said("I could not.")]),
    ],
)
async def test_each_check_can_be_left_out_alone(check: Check, messages: list[Message]) -> None:
    conversation = Conversation(messages=[ASKED, *messages])
    others = tuple(one for one in CHECKS if one is not check)

    assert await TurnReview().review(conversation, nobody) != await TurnReview(others).review(
        conversation, nobody
    )


async def nobody(event: Event) -> None:
    raise AssertionError(event)
