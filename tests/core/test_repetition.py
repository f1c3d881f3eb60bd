"""When a text goes round in circles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.repetition import TIMES, repeated_span, without_repetition

LOOP = "I should look at the file again. "


@pytest.mark.parametrize("span", [LOOP, "a b c d ", "ok, so " * 9, "wait\n" * 5])
def test_a_span_that_comes_eight_times_is_found(span: str) -> None:
    text = "Let me see. " + span * (TIMES * 3)

    assert repeated_span(text)
    assert len(without_repetition(text)) <= len("Let me see. ") + 2 * max(len(span), 20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        LOOP * (TIMES - 1),
        "-" * 5_000,
        "=-" * 2_000,
        "\n".join(f"{number}: a line of a listing" for number in range(200)),
        LOOP * 20 + "and now something else",
    ],
)
def test_what_is_no_circle_is_left_alone(text: str) -> None:
    assert repeated_span(text) == ""
    assert without_repetition(text) == text


@given(st.text(min_size=4, max_size=150), st.text(max_size=50))
def test_what_is_found_really_ends_the_text_eight_times(span: str, before: str) -> None:
    text = before + span * 50
    found = repeated_span(text)

    assert not found or text.endswith(found * TIMES)
    assert text.startswith(without_repetition(text))
