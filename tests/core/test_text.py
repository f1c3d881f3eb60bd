import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clip, clip_around, clip_line, printable


def test_a_short_text_stays_as_it_is() -> None:
    assert clip("alpha", 5) == "alpha"
    assert clip_line("alpha", 5) == "alpha"
    assert clip_around("alpha", 1, 2, 5) == "alpha"


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = clip("a" * 1_000 + "z" * 1_000, 92)

    assert text == "a" * 40 + "[... 1,940 characters ...]" + "z" * 20


def test_a_long_line_says_how_much_is_left() -> None:
    assert clip_line("a" * 1_500, 4) == "aaaa[... 1,496 characters]"


def test_a_line_is_clipped_around_what_matched() -> None:
    line = "a" * 100 + "HIT" + "z" * 100

    assert clip_around(line, 100, 103, 9) == "...aaaHITzzz..."
    assert clip_around(line, 0, 3, 9) == "aaaaaaaaa..."
    assert clip_around(line, 200, 203, 9) == "...zzzzzzzzz"


@given(st.text(), st.integers(0, 100))
def test_a_clipped_text_is_never_longer_than_asked(text: str, most_chars: int) -> None:
    assert len(clip(text, most_chars)) <= most_chars


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b.txt", "a b.txt"),
        ("a\nb\x1b[1m", r"a\nb\x1b[1m"),
        ("caf\udce9", r"caf\udce9"),
        ("naïve \N{SNOWMAN}", "naïve \N{SNOWMAN}"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe", r"\u202egnp.exe"),
    ],
)
def test_a_name_is_shown_in_one_printable_line(name: str, shown: str) -> None:
    assert printable(name) == shown
