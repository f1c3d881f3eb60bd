"""What takes the place of a long conversation: never without the goal, never longer than there is room."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import (
    AssistantMessage,
    Message,
    Recap,
    Text,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)
from core.tokens import length_of
from core.values import decode
from flow.prompts import prompt
from flow.shrinking import Room, shrunk
from flow.task_card import Surroundings, TouchedFile, fair_share, recap_of

GOAL = "Mend the parser. Never touch the tests."
NOTHING = Surroundings()


def kept(text: str) -> str:
    return f".roost/artifacts/text-{len(text)}.txt"


def step(number: int, answer: str, *, command: str = "") -> tuple[Message, ...]:
    arguments = f'{{"command": "{command}"}}' if command else f'{{"path": "file-{number}.py"}}'
    call = ToolCall(id=f"call-{number}", name="shell" if command else "read_file", arguments=arguments)
    return (
        AssistantMessage(parts=(Text(text=f"step {number}"), call), usage=Usage(prompt_tokens=9)),
        ToolMessage(call_id=call.id, text=answer),
    )


def session(steps: int, answer_chars: int = 1_000) -> list[Message]:
    messages: list[Message] = [UserMessage(text=GOAL, head="Date: today.")]
    for number in range(steps):
        messages += step(number, f"line {number} " + "x" * answer_chars)
    return messages


def cut(
    messages: Sequence[Message],
    chars: int = 6_000,
    *,
    said: int = 3_000,
    around: Surroundings = NOTHING,
    summary: str = "",
    steps: int = 2,
) -> tuple[Message, ...]:
    room = Room(chars=chars, said_chars=said)
    return shrunk(messages, room, surroundings=around, keep=kept, summary=summary, steps=steps)


def length(messages: Sequence[Message]) -> int:
    return sum(map(length_of, messages))


def card(messages: Sequence[Message]) -> UserMessage:
    first = messages[0]
    assert isinstance(first, UserMessage)
    return first


def test_the_last_two_steps_stay_as_they_are_but_for_what_was_said_of_the_longer_prompt() -> None:
    messages = session(6)

    _, *steps = cut(messages)

    assert [message.text for message in steps] == [message.text for message in messages[-4:]]
    assert [message.usage for message in steps if isinstance(message, AssistantMessage)] == [Usage()] * 2


def test_the_card_tells_what_was_asked_touched_and_done() -> None:
    files = (
        TouchedFile(path="parser.py", digest="ab" * 32, changed=True),
        TouchedFile(path="a.md", digest="cd" * 32),
    )

    told = card(
        cut(session(6), around=Surroundings(files=files, plan="1. look\n2. mend"), summary="Found it.")
    )

    assert told.head == "Date: today."
    for part in (
        f"- {GOAL}",
        "Plan:\n1. look\n2. mend",
        "- parser.py (changed, sha256 abababababab)\n- a.md (read, sha256 cdcdcdcdcdcd)",
        '- read_file {"path": "file-0.py"} -> line 0',
        "Your own summary:\nFound it.",
    ):
        assert part in told.text
    assert told.text.endswith(prompt("shrunk_end"))


def test_what_there_is_not_is_not_spoken_of() -> None:
    text = card(cut([UserMessage(text=GOAL), *step(1, "a"), *step(2, "b")], steps=0)).text

    assert not any(word in text for word in ("Plan:", "Files", "test run", "summary:", "Rules"))


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q",
        "python -m unittest",
        "npm test",
        "cargo test",
        "make check",
        "./run_tests.sh",
        "go test ./...",
    ],
)
def test_the_last_test_run_is_told_by_its_end(command: str) -> None:
    failing = "....\n" * 2_000 + "E   AssertionError: 3 != 4\n1 failed"
    messages = [*session(1), *step(7, failing, command=command), *step(8, "a"), *step(9, "b")]

    text = card(cut(messages)).text

    assert f"The last test run:\n[data]\n$ {command}" in text
    assert "E   AssertionError: 3 != 4\n1 failed\n[/data]" in text


def test_a_test_run_is_remembered_through_many_cards() -> None:
    messages: Sequence[Message] = [*session(1), *step(7, "1 failed", command="pytest")]
    for number in range(10, 30, 4):
        messages = cut([*messages, *step(number, "a"), *step(number + 1, "b"), *step(number + 2, "c")])

    assert "$ pytest\n1 failed" in card(messages).text


def test_answers_are_clipped_the_oldest_first() -> None:
    messages = [*session(3), *step(7, "o" * 3_000), *step(8, "n" * 1_000)]

    *_, older, _, newer = cut(messages, chars=4_000)

    assert isinstance(older, ToolMessage)
    assert len(older.text) < 3_000
    assert newer == messages[-1]


def test_what_does_not_fit_at_all_begins_anew_from_the_card() -> None:
    wordy = AssistantMessage(parts=(Text(text="w" * 20_000),))

    messages = cut([*session(3), wordy, UserMessage(text="Go on.")])

    assert len(messages) == 1
    assert "- Go on." in card(messages).text


def test_a_long_message_is_clipped_and_names_the_file_that_has_all_of_it() -> None:
    long = f"Begin. {'words ' * 3_000}\nNever use eval.\n{'words ' * 3_000} End."

    text = card(cut([UserMessage(text=GOAL), *step(1, "a"), UserMessage(text=long)], steps=0)).text

    assert f"- {GOAL}" in text
    assert "- Begin. words" in text
    assert f"the whole text is in {kept(long)}" in text
    assert "words  End." in text
    assert "Rules among it:\n- Never use eval." in text


def test_the_rules_of_a_long_message_in_the_newest_steps_are_told_with_it() -> None:
    long = f"Begin. {'words ' * 3_000}\nNever use eval.\n{'words ' * 3_000} End."
    messages = [*session(4), *step(8, "a"), UserMessage(text=long, source="steering"), *step(9, "b")]

    said = next(message.text for message in cut(messages)[1:] if isinstance(message, UserMessage))

    assert said.startswith("Begin. words")
    assert said.endswith("Rules among it:\n- Never use eval.")
    assert kept(long) in said


def test_without_a_place_for_the_whole_it_is_clipped_all_the_same() -> None:
    room = Room(chars=3_000, said_chars=500)

    messages = shrunk(
        [UserMessage(text="w" * 9_000)], room, surroundings=NOTHING, keep=lambda text: "", steps=0
    )

    assert "w[... " in card(messages).text


def test_of_very_many_messages_the_goal_and_the_newest_stay_and_the_rest_is_in_a_file() -> None:
    said = [UserMessage(text=f"Request {number}: {'more ' * 10}") for number in range(300)]

    text = card(cut([UserMessage(text=GOAL), *said], steps=0)).text

    assert text.count("Request") < 30
    assert f"- {GOAL}\n- (" in text
    assert "Request 299" in text


def test_steering_is_the_persons_word_and_a_review_is_not() -> None:
    messages = [
        *session(2),
        UserMessage(text="faster", source="steering"),
        UserMessage(text="Tests fail.", source="review"),
        *session(3)[1:],
    ]

    assert recap_of(messages).asked == (GOAL, "faster")


def test_an_earlier_card_is_told_again_and_not_nested() -> None:
    recap = Recap(
        asked=(GOAL, "and the lexer"), done=("ls -> a",), last_test="$ pytest", summary="Half done."
    )
    earlier = UserMessage(text="a card", source="recap", recap=recap)

    told = card(cut([earlier, *session(4)[1:]]))

    assert told.recap is not None
    assert told.recap.asked == recap.asked
    assert told.recap.summary == "Half done."
    assert "a card" not in told.text


@given(st.lists(st.integers(0, 500), max_size=20), st.integers(0, 2_000))
def test_a_fair_share_lets_all_fit_and_wastes_nothing(lengths: list[int], room: int) -> None:
    share = fair_share(lengths, room)

    used = sum(min(length, share) for length in lengths)
    assert used <= max(room, 0)
    assert used == sum(lengths) or used > room - len(lengths)


TEXTS = st.text(alphabet="ab. \n", max_size=400)
STEPS = st.builds(
    lambda text, answers: (text, answers), TEXTS, st.lists(st.text("xy\n", max_size=3_000), max_size=3)
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    messages: list[Message] = [UserMessage(text=GOAL, head=draw(TEXTS))]
    for number, (text, answers) in enumerate(draw(st.lists(STEPS, max_size=12))):
        calls = [ToolCall(id=f"{number}-{place}", name="t", arguments="{}") for place in range(len(answers))]
        messages.append(AssistantMessage(parts=(Text(text=text), *calls)))
        messages += [
            ToolMessage(call_id=call.id, text=answer) for call, answer in zip(calls, answers, strict=True)
        ]
        if draw(st.booleans()):
            source = draw(st.sampled_from(["person", "steering", "review"]))
            messages.append(UserMessage(text=draw(TEXTS), source=source))
    return messages


@given(conversations(), st.integers(1_500, 20_000), st.integers(0, 3))
def test_it_fits_keeps_the_goal_and_splits_no_pair(messages: list[Message], chars: int, steps: int) -> None:
    result = cut(messages, chars, said=chars // 3, steps=steps)

    calls = [call.id for reply in result if isinstance(reply, AssistantMessage) for call in reply.calls]
    answers = [message.call_id for message in result if isinstance(message, ToolMessage)]
    assert length(result) <= chars
    assert GOAL in card(result).text
    assert calls == answers


@given(conversations(), st.integers(1_500, 20_000))
def test_what_was_shrunk_stays_as_it_is(messages: list[Message], chars: int) -> None:
    once = cut(messages, chars, said=chars // 3)

    assert length(cut(once, chars, said=chars // 3)) <= length(once)


@given(conversations(), st.integers(3_000, 9_000))
def test_what_the_person_said_outlives_every_card(messages: list[Message], chars: int) -> None:
    asked = recap_of(messages).asked
    for _ in range(3):
        messages = [*cut([*messages, *session(4)[1:]], chars, said=chars // 3)]

    assert recap_of(messages).asked[0] == GOAL
    assert len(recap_of(messages).asked) == len(asked)


def test_hostile_texts_cost_no_more_than_their_length() -> None:
    command = "make " * 60_000
    messages = [
        UserMessage(text="never " * 400_000),
        *step(1, "x" * 1_000_000, command=command),
        *step(2, "a"),
        *step(3, "b"),
    ]

    assert length(cut(messages)) <= 6_000


def test_a_card_of_an_older_format_is_read() -> None:
    assert decode(Recap, '{"asked":["a"],"done":[]}') == Recap(asked=("a",), done=())
