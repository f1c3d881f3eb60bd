"""Deltas become a message."""

from hypothesis import given
from hypothesis import strategies as st

from core.deltas import CallDelta, Delta, FinishDelta, ReplyBuilder, RestartDelta, TextDelta, ThinkingDelta
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall, Usage

PATHS = ('{"path": "a.txt"}', '{"path": "b.txt"}')
WHOLE = AssistantMessage(
    parts=(
        Thinking(text="Look first."),
        Text(text="I will read both."),
        ToolCall(id="call-a", name="read_file", arguments=PATHS[0], extra={"seen": True}),
        ToolCall(id="call-b", name="read_file", arguments=PATHS[1]),
    ),
    finish=Finish.CALLS,
    usage=Usage(prompt_tokens=10, reply_tokens=20),
)
CALLS = (
    CallDelta(index=0, id="call-a", name="read_file", extra={"seen": True}),
    CallDelta(index=1, id="call-b", name="read_file"),
)


@given(st.integers(1, 20))
def test_however_a_stream_was_cut_up_the_message_is_the_same(length: int) -> None:
    stream: list[Delta] = [
        *(ThinkingDelta(text=piece) for piece in pieces("Look first.", length)),
        *(TextDelta(text=piece) for piece in pieces("I will read both.", length)),
        *CALLS,
        *(CallDelta(index=1, arguments=piece) for piece in pieces(PATHS[1], length)),
        *(CallDelta(index=0, arguments=piece) for piece in pieces(PATHS[0], length)),
        FinishDelta(finish=WHOLE.finish, usage=WHOLE.usage),
    ]

    assert built(*stream).build() == WHOLE


def test_what_was_said_before_a_restart_is_void() -> None:
    again = RestartDelta(reason="The stream broke.", wait_seconds=1)
    end = FinishDelta(finish=Finish.DONE)

    reply = built(TextDelta(text="I wi"), CALLS[0], again, TextDelta(text="Done."), end).build()

    assert reply == AssistantMessage(parts=(Text(text="Done."),))


def test_a_stream_without_its_end_counts_as_cut() -> None:
    assert built(TextDelta(text="I wi")).build().finish is Finish.LENGTH


def test_of_an_interrupted_reply_the_words_stay_and_no_call_does() -> None:
    reply = built(TextDelta(text="I will"), *CALLS).build_interrupted()

    assert reply == AssistantMessage(parts=(Text(text="I will"),), finish=Finish.INTERRUPTED)


def test_a_call_without_an_id_is_named_by_its_place() -> None:
    reply = built(TextDelta(text="Both."), CallDelta(index=0, name="a"), CallDelta(index=1, name="b")).build()

    assert [call.id for call in reply.calls] == ["call-1", "call-2"]


def built(*deltas: Delta) -> ReplyBuilder:
    builder = ReplyBuilder()
    for delta in deltas:
        builder.add(delta)
    return builder


def pieces(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]
