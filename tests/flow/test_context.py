"""What is kept when the window is full."""

from contextlib import suppress

import pytest

from core.conversation import Conversation
from core.errors import ContextOverflow
from core.events import ContextShrunk
from core.messages import AssistantMessage, Finish, Message, ToolCall, ToolMessage, UserMessage
from core.protocols import ModelRequest
from core.tokens import CHARS_PER_TOKEN
from flow.context import Measure, WindowPolicy

HEAD = ModelRequest(system="Be brief. " * 10, messages=())


def talk(steps: int, answer_chars: int) -> list[Message]:
    messages: list[Message] = [
        UserMessage(text="Mend the parser. Never touch the tests.", head="Date: today.")
    ]
    for number in range(steps):
        call = ToolCall(id=f"call-{number}", name="read_file", arguments=f'{{"path": "file-{number}.py"}}')
        messages += [
            AssistantMessage(parts=(call,), finish=Finish.CALLS),
            ToolMessage(call_id=call.id, text=f"line {number} " + "x" * answer_chars),
        ]
    return messages


def length(messages: list[Message] | tuple[Message, ...]) -> int:
    return sum(len(str(message)) for message in messages)


async def test_nothing_is_dropped_while_the_window_has_room() -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=10_000)

    assert await policy.before_step(Conversation(messages=talk(5, 1_000))) == ()


async def test_a_nearly_full_window_is_shrunk_by_more_than_40_percent() -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=10_000)
    messages = talk(10, 3_000)

    (event,) = await policy.before_step(Conversation(messages=messages))

    assert isinstance(event, ContextShrunk)
    assert length(event.messages) < length(messages) * 0.6
    assert length(event.messages) / CHARS_PER_TOKEN < 10_000


async def test_an_unknown_window_is_left_alone_until_the_server_refuses() -> None:
    policy = WindowPolicy(head=HEAD)
    conversation = Conversation(messages=talk(10, 3_000))

    before = await policy.before_step(conversation)
    (event,) = await policy.after_overflow(conversation, ContextOverflow("no", limit_tokens=4_000))

    assert before == ()
    assert policy.window_tokens == 4_000
    assert isinstance(event, ContextShrunk)


async def test_a_refusal_that_names_no_limit_teaches_one_below_what_was_refused() -> None:
    policy = WindowPolicy(head=HEAD)

    await policy.after_overflow(Conversation(messages=talk(10, 3_000)), ContextOverflow("no"))

    assert policy.window_tokens is not None
    assert policy.window_tokens < 10 * 3_000 / CHARS_PER_TOKEN


def telling(*windows: int | None) -> Measure:
    """A server that says these windows in turn, and then the last again and again."""
    left = list(windows)

    async def measure() -> int | None:
        return left.pop(0) if len(left) > 1 else left[0]

    return measure


async def test_the_window_is_asked_for_after_the_first_request_and_not_before() -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=50_000, measure=telling(10_000))
    conversation = Conversation(messages=talk(10, 3_000))

    before = await policy.before_step(conversation)
    (event,) = await policy.before_step(conversation)

    assert before == ()
    assert isinstance(event, ContextShrunk)
    assert policy.window_tokens == 10_000


async def test_a_window_that_nobody_names_is_assumed_and_said_to_be() -> None:
    policy = WindowPolicy(head=HEAD, measure=telling(None))
    conversation = Conversation(messages=talk(10, 3_000))

    before = await policy.before_step(conversation)
    (event,) = await policy.before_step(conversation)

    assert before == ()
    assert isinstance(event, ContextShrunk)
    assert event.reason == (
        "The server does not name its window: 8,192 tokens were assumed, and nearly full."
    )


async def test_a_refusal_teaches_more_than_what_was_assumed() -> None:
    policy = WindowPolicy(head=HEAD, measure=telling(None))
    await policy.before_step(Conversation(messages=talk(1, 10)))

    await policy.after_overflow(
        Conversation(messages=talk(60, 3_000)), ContextOverflow("no", limit_tokens=32_768)
    )
    kept = await policy.before_step(Conversation(messages=talk(10, 3_000)))

    assert (kept, policy.window_tokens) == ((), 32_768)


async def test_a_refusal_that_names_no_limit_is_a_reason_to_ask_the_server() -> None:
    policy = WindowPolicy(head=HEAD, measure=telling(4_000))

    await policy.after_overflow(Conversation(messages=talk(10, 3_000)), ContextOverflow("no"))

    assert policy.window_tokens == 4_000


async def test_what_a_refusal_taught_stands_against_what_the_server_says() -> None:
    policy = WindowPolicy(head=HEAD, measure=telling(32_768))
    conversation = Conversation(messages=talk(1, 10))
    await policy.before_step(conversation)
    await policy.after_overflow(
        Conversation(messages=talk(10, 3_000)), ContextOverflow("no", limit_tokens=4_000)
    )

    await policy.before_step(conversation)

    assert policy.window_tokens == 4_000


async def test_a_server_that_falls_silent_leaves_what_it_said_before() -> None:
    policy = WindowPolicy(head=HEAD, measure=telling(4_000, None))
    conversation = Conversation(messages=talk(1, 10))
    for _ in range(3):
        await policy.before_step(conversation)

    assert policy.window_tokens == 4_000


async def test_each_refusal_within_a_step_shrinks_deeper_until_nothing_is_left() -> None:
    policy = WindowPolicy(head=HEAD)
    conversation = Conversation(messages=talk(10, 3_000))
    error = ContextOverflow("no", limit_tokens=8_000)
    lengths = [length(conversation.messages)]

    with suppress(ContextOverflow):
        for _ in range(9):
            for event in await policy.after_overflow(conversation, error):
                conversation.apply(event)
            lengths.append(length(conversation.messages))

    with pytest.raises(ContextOverflow):
        await policy.after_overflow(conversation, error)
    assert lengths == sorted(lengths, reverse=True)
    assert len(lengths) > 2
