"""Guesses from what was said before: which, how many, and how rarely when they fail."""

from hypothesis import given
from hypothesis import strategies as st

from servr.native.engine.lookup import END, FEWEST, LONGEST_END, LONGEST_PAUSE, MOST, Lookup

few = st.lists(st.integers(0, 3), max_size=60)


def test_what_followed_last_time_is_guessed() -> None:
    lookup = Lookup([1, 2, 3, 10, 11, 12, 13, 9, 9, 1, 2, 3])

    assert lookup.guesses(MOST) == [10, 11, 12]
    assert lookup.guesses(2) == [10, 11]
    assert lookup.guesses(0) == lookup.guesses(-1) == []


def test_nothing_is_guessed_where_nothing_stood_before() -> None:
    assert Lookup([]).guesses(MOST) == []
    assert Lookup([1, 2]).guesses(MOST) == []
    assert Lookup([1, 2, 3, 4]).guesses(MOST) == []


def test_the_longest_end_wins_over_a_later_one() -> None:
    lookup = Lookup([7, 8, 1, 2, 3, 40, 5, 6, 0, 1, 2, 3, 50, 5, 6, 7, 8, 1, 2, 3])

    assert lookup.guesses(1) == [40]


def test_the_latest_of_equals_wins() -> None:
    assert Lookup([9, 1, 2, 3, 40, 9, 1, 2, 3, 50, 9, 1, 2, 3]).guesses(1) == [50]


def test_a_text_that_goes_round_is_followed_round() -> None:
    assert Lookup([1, 2] * 4).guesses(MOST) == [1, 2, 1]


@given(few, few)
def test_a_text_that_grows_is_known_like_one_that_is_given(first: list[int], second: list[int]) -> None:
    growing = Lookup(first)
    for token in second:
        growing.take(token)

    assert growing.guesses(MOST) == Lookup(first + second).guesses(MOST)


@given(few)
def test_a_guess_follows_the_longest_end_there_is(tokens: list[int]) -> None:
    guesses = Lookup(tokens).guesses(1)

    known = {
        size: {
            tokens[place]
            for place in range(size, len(tokens))
            if tokens[place - size : place] == tokens[-size:]
        }
        for size in range(END, len(tokens))
    }
    assert bool(guesses) == bool(known.get(END))
    assert not guesses or guesses[0] in known[END]


def test_right_guesses_make_longer_ones_and_failed_ones_short() -> None:
    lookup = Lookup([1] * 100)

    lookup.learn(FEWEST, FEWEST)
    lookup.learn(2 * FEWEST, 2 * FEWEST)
    grown = len(lookup.guesses(99))
    lookup.learn(grown, 5)
    partly = len(lookup.guesses(99))
    for _ in range(9):
        lookup.learn(len(lookup.guesses(99)), len(lookup.guesses(99)))

    assert (grown, partly) == (4 * FEWEST, 5)
    assert len(lookup.guesses(99)) == MOST


def test_guesses_that_always_fail_become_rare_and_one_that_is_right_brings_them_back() -> None:
    lookup, asked = Lookup([1] * 100), 0
    for _ in range(2_000):
        guesses = lookup.guesses(MOST)
        asked += bool(guesses)
        lookup.learn(len(guesses), 0)
        lookup.take(1)

    for _ in range(LONGEST_PAUSE):
        lookup.take(1)
    lookup.learn(len(lookup.guesses(MOST)), 1)

    assert asked < 25
    assert lookup.guesses(MOST)


def test_a_very_long_end_is_not_looked_at_in_full() -> None:
    lookup = Lookup([1] * 5_000)

    assert lookup._alike(4_000) == LONGEST_END
