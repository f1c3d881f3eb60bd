"""Stop texts across the borders of pieces: what is let out, what is held, and where the reply ends."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servr.native.engine.stopping import Stopping

texts = st.text("ab<", max_size=30)
stops = st.lists(st.text("ab<", min_size=1, max_size=4), max_size=4)


def read(stopping: Stopping, pieces: Sequence[str]) -> list[str]:
    return [stopping.take(piece) for piece in pieces]


def before_the_first(text: str, stops: Sequence[str]) -> str | None:
    """By the words of the promise: the one that is whole first, the longest of several."""
    for end in range(len(text) + 1):
        found = [stop for stop in stops if text[:end].endswith(stop)]
        if found:
            return text[: end - max(map(len, found))]
    return None


@given(texts, stops, st.lists(st.integers(0, 30)))
def test_pieces_never_change_what_is_let_out(text: str, stops: list[str], borders: list[int]) -> None:
    places = [0, *sorted(borders), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    stopping = Stopping(stops)

    out = "".join(read(stopping, pieces))
    ended = before_the_first(text, stops)

    assert stopping.is_found == (ended is not None)
    assert out + stopping.end() == (text if ended is None else ended)


@given(texts, stops)
def test_only_what_may_become_a_stop_text_is_held(text: str, stops: list[str]) -> None:
    stopping = Stopping(stops)

    out = stopping.take(text)

    if not stopping.is_found:
        held = text[len(out) :]
        beginnings = {stop[:size] for stop in stops for size in range(1, len(stop))}
        assert held == max((each for each in beginnings if text.endswith(each)), key=len, default="")


@pytest.mark.parametrize(
    ("stops", "pieces", "out", "found"),
    [
        ((), ["a", "", "b"], ["a", "", "b"], False),
        (("END",), ["on E", "N", "D more"], ["on ", "", ""], True),
        (("END",), ["on E", "N", "T"], ["on ", "", "ENT"], False),
        (("\n\n",), ["one\n", "\ntwo"], ["one", ""], True),
        (("abcdef", "cd"), ["ab", "cdef"], ["", "ab"], True),
        (("cd", "abcd"), ["xab", "cd"], ["x", ""], True),
        (("aab",), ["aaa", "ab"], ["a", "a"], True),
        (("é",), ["caf", "é!"], ["caf", ""], True),
    ],
)
def test_a_reply_ends_before_its_stop_text(
    stops: Sequence[str], pieces: list[str], out: list[str], found: bool
) -> None:
    stopping = Stopping(stops)

    assert read(stopping, pieces) == out
    assert stopping.is_found == found
    assert not found or (stopping.take("more"), stopping.end()) == ("", "")


def test_a_long_stop_text_costs_each_character_once() -> None:
    stopping = Stopping(["a" * 50_000 + "b"])

    out = "".join(read(stopping, ["a"] * 120_000))

    assert len(out) + len(stopping.end()) == 120_000
