"""What is kept when the window is full."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation import Conversation
from core.deltas import Delta, ProgressDelta, RestartDelta, TextDelta
from core.errors import ContextOverflow, GatewayError, GatewayUnavailable, OutOfMemory
from core.events import ContextShrunk, Event, ModelDelta, SummaryAsked
from core.marking import marked
from core.messages import AssistantMessage, Finish, Message, ToolCall, ToolMessage, UserMessage
from core.protocols import ModelRequest, TokenCounter
from core.tokens import CHARS_PER_TOKEN, length_of
from flow.context import Measure, WindowPolicy
from gate.scripted import Reply, ScriptedGateway, call, calls, say

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


async def test_answers_are_as_long_as_an_assumed_window_allows() -> None:
    fitted: list[int] = []
    policy = WindowPolicy(head=HEAD, measure=telling(None), fit=fitted.append)
    conversation = Conversation(messages=talk(1, 10))

    await policy.before_step(conversation)
    before = [*fitted]
    await policy.before_step(conversation)

    assert (before, fitted) == ([], [8_192])


async def test_a_refusal_teaches_more_than_what_was_assumed() -> None:
    policy = WindowPolicy(head=HEAD, measure=telling(None))
    await policy.before_step(Conversation(messages=talk(1, 10)))

    await policy.after_overflow(
        Conversation(messages=talk(60, 3_000)), ContextOverflow("no", limit_tokens=32_768)
    )
    kept = await policy.before_step(Conversation(messages=talk(10, 3_000)))

    assert (kept, policy.window_tokens) == ((), 32_768)


async def test_a_window_that_the_refused_prompt_cannot_fill_is_not_believed() -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=100_000)

    await policy.after_overflow(Conversation(messages=talk(10, 3_000)), ContextOverflow("no"))

    assert policy.window_tokens is not None
    assert policy.window_tokens < 10 * 3_000 / CHARS_PER_TOKEN


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


async def test_each_refusal_that_names_no_window_of_its_own_ends_with_what_to_do() -> None:
    policy = WindowPolicy(head=HEAD)
    conversation = Conversation(messages=[UserMessage(text="Hi")])

    with pytest.raises(ContextOverflow) as caught:
        await policy.after_overflow(conversation, ContextOverflow("It has 512 tokens.", limit_tokens=512))

    assert str(caught.value) == (
        "Not even the shortest form of this conversation fits the model's window: It has 512 tokens. "
        "Load the model with a longer window, or begin a new session."
    )


async def test_a_second_refusal_tries_the_bare_card() -> None:
    policy = WindowPolicy(head=HEAD)
    conversation = Conversation(messages=talk(20, 3_000))
    error = ContextOverflow("no", limit_tokens=8_000)

    for _ in range(2):
        for event in await policy.after_overflow(conversation, error):
            conversation.apply(event)

    (card,) = conversation.messages
    assert isinstance(card, UserMessage)
    assert card.recap is not None
    assert "Mend the parser. Never touch the tests." in card.text


@pytest.mark.parametrize(
    ("window", "trigger"), [(2_048, 1_433), (8_192, 5_734), (16_384, 12_288), (32_768, 26_214)]
)
async def test_the_trigger_is_a_share_of_the_window_by_its_size(window: int, trigger: int) -> None:
    def holding(tokens: int) -> Conversation:
        chars = (
            int(tokens * CHARS_PER_TOKEN)
            - len(HEAD.system)
            - len("[]")
            - 5 * 20
            - 2 * 80
            - 2 * len(marked(""))
        )
        answers = [ToolMessage(call_id=f"{place}", text="x" * (chars // 2)) for place in range(2)]
        calls = [
            AssistantMessage(parts=(ToolCall(id=f"{place}", name="t" * 10, arguments="a" * 10),))
            for place in range(2)
        ]
        return Conversation(messages=[UserMessage(text=""), calls[0], answers[0], calls[1], answers[1]])

    before = await WindowPolicy(head=HEAD, window_tokens=window).before_step(holding(trigger - 5))
    after = await WindowPolicy(head=HEAD, window_tokens=window).before_step(holding(trigger + 5))

    assert before == ()
    assert len(after) == 1


@pytest.mark.parametrize(("window", "full"), [(10_000, True), (20_000, False), (None, False)])
def test_what_would_be_shortened_before_it_is_sent_is_known_beforehand(
    window: int | None, full: bool
) -> None:
    assert WindowPolicy(head=HEAD, window_tokens=window).is_full(talk(10, 3_000)) == full


async def test_running_out_of_memory_lowers_the_window_by_a_quarter_and_goes_on() -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=10_000)
    conversation = Conversation(messages=talk(12, 3_000))

    (event,) = await policy.after_overflow(conversation, OutOfMemory("no memory", hint="Lower it."))

    assert isinstance(event, ContextShrunk)
    assert event.reason == "The server ran out of memory."
    assert policy.window_tokens == 7_500


async def test_the_second_time_the_person_is_told_what_to_lower() -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=10_000)
    conversation = Conversation(messages=talk(12, 3_000))
    error = OutOfMemory("no memory", hint="Lower it.")
    for event in await policy.after_overflow(conversation, error):
        conversation.apply(event)
    await policy.before_step(conversation)

    with pytest.raises(OutOfMemory, match=r"no memory Lower it\."):
        await policy.after_overflow(conversation, error)


async def test_what_cannot_be_shortened_is_tried_once_more_when_memory_failed() -> None:
    policy = WindowPolicy(head=HEAD)
    conversation = Conversation(messages=[UserMessage(text="Hi")])

    assert await policy.after_overflow(conversation, OutOfMemory("runner died")) == ()


def counting(*answers: int | None) -> tuple[TokenCounter, list[ModelRequest]]:
    asked: list[ModelRequest] = []

    async def count(request: ModelRequest) -> int | None:
        asked.append(request)
        return answers[len(asked) - 1]

    return count, asked


async def test_the_server_is_asked_for_a_count_once_and_only_near_the_trigger() -> None:
    count, asked = counting(5_000, 5_100)
    policy = WindowPolicy(head=HEAD, window_tokens=10_000, counter=count)
    conversation = Conversation(messages=talk(5, 3_000))

    events = [await policy.before_step(conversation) for _ in range(2)]  # far from it
    conversation.messages += talk(7, 3_000)[-4:]  # a guess of more than 70 %
    events += [await policy.before_step(conversation) for _ in range(3)]

    assert events == [()] * 5
    assert len(asked) == 1
    assert asked[0].messages == tuple(conversation.messages)


async def test_the_first_request_waits_for_no_count() -> None:
    count, asked = counting(9_999)
    policy = WindowPolicy(head=HEAD, window_tokens=10_000, counter=count)

    await policy.before_step(Conversation(messages=talk(10, 3_000)))

    assert asked == []


async def test_a_summary_is_asked_for_with_the_same_prefix_and_stands_in_the_card() -> None:
    gateway = ScriptedGateway(say("The bug is in line 7."))
    policy = WindowPolicy(head=HEAD, window_tokens=20_000, gateway=gateway)
    messages = talk(16, 3_000)

    (event,) = await policy.before_step(Conversation(messages=messages))

    (asked,) = gateway.requests
    assert isinstance(event, ContextShrunk)
    assert asked.messages[:-1] == tuple(messages)
    assert (asked.system, asked.tools, asked.max_tokens) == (HEAD.system, HEAD.tools, 768)
    assert "Your own summary:\nThe bug is in line 7." in event.messages[0].text


@pytest.mark.parametrize("window", [8_192, 16_384, 32_768, 131_072])
async def test_what_the_person_said_stays_word_for_word_up_to_a_tenth_of_the_window(window: int) -> None:
    head = ModelRequest(system="s" * 1_600, messages=())
    length = int(window * CHARS_PER_TOKEN * 0.095) // 3
    said = [UserMessage(text=f"{name} ".ljust(length, name)) for name in "abc"]
    said[0] = replace(said[0], head="h" * 900)
    steps = talk(40, int(window * 0.15))[1:]
    messages = [said[0], *steps[:20], said[1], *steps[20:60], said[2], *steps[60:]]

    (event,) = await WindowPolicy(head=head, window_tokens=window).before_step(
        Conversation(messages=messages)
    )

    assert isinstance(event, ContextShrunk)
    assert all(f"- {message.text}\n" in event.messages[0].text for message in said)


async def test_people_are_told_that_a_summary_is_asked_for_and_how_far_its_prompt_is_read() -> None:
    told = list[Event]()
    read = ProgressDelta(processed_tokens=1, total_tokens=9)
    again = RestartDelta(reason="cut", wait_seconds=1.0)
    gateway = ScriptedGateway([read, again, *say("The bug is in line 7.")])

    async def tell(event: Event) -> None:
        told.append(event)

    policy = WindowPolicy(head=HEAD, window_tokens=20_000, gateway=gateway, tell=tell)
    await policy.before_step(Conversation(messages=talk(16, 3_000)))

    asked = SummaryAsked(reason="The window was nearly full.")
    assert told == [asked, ModelDelta(delta=read), ModelDelta(delta=again)]


async def test_who_interrupts_a_summary_closes_its_connection_and_drops_nothing() -> None:
    begun, closed = asyncio.Event(), list[bool]()

    @dataclass
    class Slow:
        async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
            begun.set()
            try:
                await asyncio.Event().wait()
                yield TextDelta(text="never")
            finally:
                closed.append(True)

    messages = talk(16, 3_000)
    conversation = Conversation(messages=[*messages])
    policy = WindowPolicy(head=HEAD, window_tokens=20_000, gateway=Slow())
    waiting = asyncio.create_task(_shrunk(policy, conversation))
    await begun.wait()
    waiting.cancel()
    await asyncio.wait({waiting})

    assert (waiting.cancelled(), closed, conversation.messages) == (True, [True], messages)
    policy.gateway = None
    assert len(await policy.before_step(conversation)) == 1


async def _shrunk(policy: WindowPolicy, conversation: Conversation) -> None:
    await policy.before_step(conversation)


@pytest.mark.parametrize(
    "answer",
    [
        GatewayUnavailable("gone"),
        ContextOverflow("too long"),
        say(""),
        call("ls"),
        calls(say("I"), call("ls")),
    ],
)
async def test_a_summary_that_fails_is_left_out(answer: Reply | GatewayError) -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=20_000, gateway=ScriptedGateway(answer))

    (event,) = await policy.before_step(Conversation(messages=talk(16, 3_000)))

    assert isinstance(event, ContextShrunk)
    assert "summary" not in event.messages[0].text


async def test_what_was_just_shrunk_is_not_shrunk_again() -> None:
    for window in (1_200, 2_048, 4_096, 10_000):
        policy = WindowPolicy(head=HEAD, window_tokens=window)
        conversation = Conversation(messages=talk(30, 1_000))
        for event in await policy.before_step(conversation):
            conversation.apply(event)

        assert await policy.before_step(conversation) == ()


async def test_a_window_that_its_head_fills_is_not_shrunk_at_every_step() -> None:
    head = ModelRequest(system="s" * 6_000, messages=())
    policy = WindowPolicy(head=head, window_tokens=2_048)
    conversation = Conversation(messages=talk(1, 10))

    shrunk = 0
    for number in range(40):
        conversation.messages += talk(number + 1, 100)[-2:]
        for event in await policy.before_step(conversation):
            conversation.apply(event)
            shrunk += 1

    assert shrunk <= 8


@given(
    st.lists(st.integers(0, 6_000), min_size=1, max_size=40), st.sampled_from([4_096, 8_192, 16_384, 40_000])
)
async def test_after_every_step_there_is_room_for_a_reply(answers: list[int], window: int) -> None:
    policy = WindowPolicy(head=HEAD, window_tokens=window)
    conversation = Conversation(messages=talk(0, 0))
    freed: list[float] = []
    for number, chars in enumerate(answers):
        ((_, reply, answer),) = [talk(1, min(chars, window // 4))]
        conversation.messages += [reply, answer]
        before = length(conversation.messages)
        for event in await policy.before_step(conversation):
            conversation.apply(event)
            freed.append(length(conversation.messages) / before)
        assert sum(map(length_of, conversation.messages)) / CHARS_PER_TOKEN < window * 0.85, number

    assert all(share <= 0.7 for share in freed)


async def test_a_window_that_is_not_what_was_thought_is_told_of_once() -> None:
    fitted: list[int] = []
    policy = WindowPolicy(head=HEAD, window_tokens=32_768, measure=telling(4_096), fit=fitted.append)
    conversation = Conversation(messages=talk(1, 10))

    for _ in range(4):
        await policy.before_step(conversation)

    assert fitted == [4_096]


async def test_a_short_prompt_that_killed_a_server_does_not_make_its_window_tiny() -> None:
    policy = WindowPolicy(head=HEAD)

    await policy.after_overflow(Conversation(messages=talk(1, 10)), OutOfMemory("runner died"))

    assert policy.window_tokens == 6_144
