"""Prompts are counted by what their server said of them, and by a guess where it said nothing."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import AssistantMessage, Message, Text, Thinking, ToolCall, ToolMessage, Usage, UserMessage
from core.tokens import CHARS_PER_TOKEN, Tally, TokenCount, length_of

REPLY = AssistantMessage(parts=(Thinking(text="t" * 500), Text(text="a" * 80)))


def replied(prompt_tokens: int) -> AssistantMessage:
    return AssistantMessage(parts=(Text(text="x" * 80),), usage=Usage(prompt_tokens=prompt_tokens))


def said(chars: int) -> UserMessage:
    """A message that counts as so many characters."""
    return UserMessage(text="u" * (chars - 20))


def test_without_a_word_of_the_server_it_is_a_guess() -> None:
    count = Tally(head_chars=300).count([said(600)])

    assert count == TokenCount(tokens=int(900 / CHARS_PER_TOKEN), source="estimate")


def test_usage_counts_what_was_before_its_reply_and_calibrates_the_rest() -> None:
    count = Tally(head_chars=300).count([said(700), replied(250), said(300)])

    assert count == TokenCount(tokens=250 + (100 + 300) // 4, source="usage")


def test_the_newest_usage_counts() -> None:
    messages = [said(1_000), replied(250), said(900), replied(1_000)]

    assert Tally(head_chars=0).count(messages).tokens == 1_000 + 50


def test_usage_that_cannot_be_is_not_believed() -> None:
    """Servers say 0 for what they do not know, and some leave out what they kept in their cache."""
    for prompt_tokens in (0, 3, 900_000):
        assert Tally(head_chars=0).count([said(3_000), replied(prompt_tokens)]).source == "estimate"


def test_the_server_has_the_last_word() -> None:
    tally, messages = Tally(head_chars=0), [said(900), replied(300), said(900)]
    tally.count(messages)

    tally.told(700)

    assert tally.count(messages) == TokenCount(tokens=700, source="server")
    assert tally.count([*messages, said(190)]).tokens == 700 + 70


def test_another_history_is_counted_with_what_was_learned() -> None:
    tally = Tally(head_chars=0)
    tally.count([said(1_000), replied(500)])

    assert tally.count([said(400)]) == TokenCount(tokens=200, source="usage")


def test_a_refusal_teaches_that_there_were_more() -> None:
    tally, messages = Tally(head_chars=0), [said(3_000)]
    tally.count(messages)

    tally.refused(2_000)

    assert tally.count(messages).tokens == 2_000


@pytest.mark.parametrize("text", ["不要修改测试", "Не трогай", "🎉🚀", "plain"])
def test_in_every_script_a_token_has_about_as_many_bytes(text: str) -> None:
    message = UserMessage(text=text * 100)

    count = Tally(head_chars=0).count([message])

    assert count.tokens == ceil((len(text.encode()) * 100 + 20) / CHARS_PER_TOKEN)


def test_how_many_characters_a_token_has_depends_on_what_was_counted() -> None:
    tally = Tally(head_chars=0)
    tally.count([UserMessage(text="改" * 980)])
    wide = tally.chars_per_token
    tally.count([UserMessage(text="x" * 980)])

    assert round(wide, 1) == 1.0
    assert tally.chars_per_token == 3.0


def test_thinking_counts_only_where_it_is_sent_back() -> None:
    assert length_of(REPLY) == 100
    assert length_of(REPLY, thinking=True) == 600


MESSAGES = st.lists(
    st.one_of(
        st.builds(said, st.integers(20, 5_000)),
        st.builds(replied, st.integers(0, 5_000)),
        st.builds(lambda text: ToolMessage(call_id="c", text=text), st.text(max_size=50)),
        st.just(AssistantMessage(parts=(ToolCall(id="c", name="ls", arguments="{}"),))),
    ),
    max_size=20,
)


@given(MESSAGES, st.integers(0, 20))
def test_however_a_history_comes_its_count_is_the_same(messages: list[Message], cut: int) -> None:
    at_once, bit_by_bit = Tally(head_chars=90), Tally(head_chars=90)

    bit_by_bit.count(messages[:cut])

    assert bit_by_bit.count(messages) == at_once.count(messages)
