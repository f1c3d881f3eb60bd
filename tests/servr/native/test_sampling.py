"""How the next token is chosen: settings, their order, seeds, likelihoods, and logits that are none."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf, log, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from servr.native.asking import Broken, Constraint, Sampling
from servr.native.engine.sampling import Chooser, likeliest, likelihoods

FAIR = torch.tensor([0.5, 0.25, 0.125, 0.0625, 0.0625]).log()


@dataclass
class Only:
    """Allows these tokens, and says it is over after `length` of them."""

    allowed: set[int]
    length: int = 99
    taken: list[int] = field(default_factory=list)

    def mask(self, logits: torch.Tensor) -> None:
        for token in range(len(logits)):
            if token not in self.allowed:
                logits[token] = -inf

    def take(self, token: int) -> bool:
        self.taken.append(token)
        return token in self.allowed

    @property
    def is_over(self) -> bool:
        return len(self.taken) == self.length


def chooser(
    sampling: Sampling, constraint: Constraint | None = None, prompt: tuple[int, ...] = ()
) -> Chooser:
    return Chooser(sampling, constraint, prompt)


def chosen(one: Chooser, logits: torch.Tensor, count: int) -> list[int]:
    tokens = []
    for _ in range(count):
        tokens.append(one.choose(logits))
        one.take(tokens[-1])
    return tokens


def shares(sampling: Sampling, logits: torch.Tensor = FAIR, count: int = 1_000) -> dict[int, float]:
    """Of `count` draws; by a seed, so that what is rare is not once too rare."""
    one = chooser(replace(sampling, seed=1) if sampling.seed is None else sampling)
    return {
        token: times / count for token, times in Counter(one.choose(logits) for _ in range(count)).items()
    }


def test_tokens_come_as_often_as_their_likelihood_says() -> None:
    assert shares(Sampling(seed=1)) == pytest.approx(
        {0: 0.5, 1: 0.25, 2: 0.125, 3: 0.0625, 4: 0.0625}, abs=0.06
    )


def test_all_of_a_large_vocabulary_can_be_drawn_as_often_as_it_should() -> None:
    logits = torch.zeros(1_000)
    logits[777] = log(1_000)

    found = shares(Sampling(seed=5), logits)

    assert found[777] == pytest.approx(0.5, abs=0.06)
    assert len(found) > 300


@pytest.mark.parametrize(
    ("sampling", "left"),
    [
        (Sampling(top_k=2), {0: 2 / 3, 1: 1 / 3}),
        (Sampling(top_k=1), {0: 1}),
        (Sampling(top_k=99), {0: 0.5, 1: 0.25, 2: 0.125, 3: 0.0625, 4: 0.0625}),
        (Sampling(top_p=0.75), {0: 2 / 3, 1: 1 / 3}),
        (Sampling(top_p=0.76), {0: 4 / 7, 1: 2 / 7, 2: 1 / 7}),
        (Sampling(top_p=0.0001), {0: 1}),
        (Sampling(top_p=0), {0: 1}),
        (Sampling(min_p=0.25), {0: 4 / 7, 1: 2 / 7, 2: 1 / 7}),
        (Sampling(min_p=0.26), {0: 2 / 3, 1: 1 / 3}),
        (Sampling(min_p=1), {0: 1}),
    ],
    ids=str,
)
def test_a_cut_leaves_the_likeliest(sampling: Sampling, left: dict[int, float]) -> None:
    assert shares(sampling) == pytest.approx(left, abs=0.06)


@pytest.mark.parametrize(
    ("sampling", "left"),
    [
        (Sampling(temperature=0.5, min_p=0.2), {0, 1}),  # cold first: 1, 1/4, 1/16 of the likeliest
        (Sampling(temperature=2, min_p=0.3), {0, 1, 2, 3, 4}),
        (Sampling(top_k=2, top_p=0.6), {0}),  # two thirds of what two have
        (Sampling(min_p=0.25, top_p=0.57), {0}),
        (Sampling(top_p=0.57), {0, 1}),
    ],
    ids=str,
)
def test_cuts_follow_each_other_in_a_fixed_order(sampling: Sampling, left: set[int]) -> None:
    assert set(shares(sampling)) == left


def test_top_p_finds_enough_tokens_when_a_model_knows_nothing() -> None:
    logits = torch.arange(10_000) / 1e6

    found = shares(Sampling(top_p=0.5, seed=3), logits, count=300)

    assert min(found) >= 5_000 - 20
    assert len(found) > 280


def test_the_likeliest_comes_at_temperature_zero() -> None:
    one = chooser(Sampling(temperature=0, top_p=0.1, top_k=3, seed=4))

    assert [one.choose(FAIR) for _ in range(20)] == [0] * 20
    assert one.is_plain


@pytest.mark.parametrize("temperature", [1e-320, 1e-30, 1e-3, 1e30])
def test_no_temperature_breaks_it(temperature: float) -> None:
    found = shares(Sampling(temperature=temperature), torch.tensor([9e4, -9e4, 1.0]), count=50)

    assert set(found) <= {0, 1, 2}


def test_presence_counts_once_and_frequency_every_time() -> None:
    logits = torch.tensor([2.0, 0.9, 0.0])

    present = chosen(chooser(Sampling(temperature=0, presence_penalty=1)), logits, 5)
    frequent = chosen(chooser(Sampling(temperature=0, frequency_penalty=1), prompt=(0, 0, 0)), logits, 6)

    assert present == [0, 0, 0, 0, 0]
    assert frequent == [0, 0, 1, 0, 2, 1] or frequent == [0, 0, 1, 0, 2, 0]


def test_repetition_looks_at_the_prompt_too_and_never_makes_likelier() -> None:
    penalty = Sampling(temperature=0, repetition_penalty=2)

    assert chooser(penalty, prompt=(0, 0)).choose(torch.tensor([1.5, 1.0, 0.5])) == 1
    assert chooser(penalty, prompt=(0,)).choose(torch.tensor([-1.0, -1.5, -3.0])) == 1
    assert chooser(penalty, prompt=(1,)).choose(torch.tensor([-1.0, -1.5, -3.0])) == 0


@given(
    st.lists(st.integers(0, 5), max_size=4).map(tuple),
    st.lists(st.floats(-4, 4), min_size=6, max_size=6),
    st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.5, 2)),
)
def test_penalties_that_are_kept_are_those_of_the_whole_history(
    prompt: tuple[int, ...], numbers: list[float], penalties: tuple[float, float, float]
) -> None:
    presence, frequency, repetition = penalties
    sampling = Sampling(
        temperature=0, presence_penalty=presence, frequency_penalty=frequency, repetition_penalty=repetition
    )
    logits = torch.tensor(numbers, dtype=torch.float64)
    one = chooser(sampling, prompt=prompt)

    history: list[int] = []
    for _ in range(8):
        expected = logits.clone()
        for token in {*prompt, *history}:
            expected[token] *= 1 / repetition if expected[token] > 0 else repetition
        for token, times in Counter(history).items():
            expected[token] -= presence + frequency * times
        history.append(one.choose(logits))
        one.take(history[-1])

        assert expected[history[-1]] == pytest.approx(float(expected.max()), abs=1e-9)


def test_a_constraint_is_kept_to_and_follows_what_was_chosen() -> None:
    only = Only({2, 4}, length=3)
    one = chooser(Sampling(seed=2), only)

    tokens = chosen(one, FAIR, 3)

    assert tokens == only.taken
    assert set(tokens) <= {2, 4}
    assert one.is_over
    assert not one.is_plain
    assert FAIR[0] == log(0.5)


def test_a_seed_makes_the_same_reply_again() -> None:
    sampling = Sampling(temperature=1.3, top_p=0.9, seed=11)

    first, second = (chosen(chooser(sampling), FAIR, 40) for _ in range(2))
    other = chosen(chooser(Sampling(temperature=1.3, top_p=0.9, seed=12)), FAIR, 40)

    assert first == second
    assert first != other


def test_no_seed_makes_another_reply_each_time() -> None:
    assert chosen(chooser(Sampling()), FAIR, 60) != chosen(chooser(Sampling()), FAIR, 60)


@pytest.mark.parametrize("row", [[nan, 1, 2], [1, inf, 2], [-inf, -inf, -inf], [0, nan, inf]])
@pytest.mark.parametrize(
    "sampling", [Sampling(temperature=0), Sampling(), Sampling(top_k=1, presence_penalty=1)]
)
def test_logits_that_are_no_numbers_break_this_reply(row: list[float], sampling: Sampling) -> None:
    with pytest.raises(Broken, match=r"The model gave (nan|-?inf) as its best logit"):
        chooser(sampling).choose(torch.tensor(row))


def test_a_token_that_cannot_come_does_not_break_anything() -> None:
    assert set(shares(Sampling(), torch.tensor([0.0, -inf, 0.0]), count=60)) == {0, 2}


def test_a_constraint_that_leaves_nothing_breaks_this_reply() -> None:
    with pytest.raises(Broken, match="leaves no token"):
        chooser(Sampling(), Only(set())).choose(FAIR)


def test_a_constraint_that_refuses_what_it_allowed_breaks_this_reply() -> None:
    with pytest.raises(Broken, match="refuses token 1, which it had allowed"):
        chooser(Sampling(), Only({0})).take(1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_the_likeliest_of_many_rows_are_found_at_once(dtype: torch.dtype) -> None:
    rows = torch.tensor([[0.0, 2.0, 1.0], [3.0, 3.0, -inf], [-1.0, -2.0, -0.5]], dtype=dtype)

    assert likeliest(rows) == [(1, 2.0), (0, 3.0), (2, -0.5)]


def test_wide_numbers_are_not_rounded_before_they_are_compared() -> None:
    assert likeliest(torch.tensor([[1.0, 1.0 + 1e-12]], dtype=torch.float64)) == [(1, 1.0 + 1e-12)]


def test_likelihoods_are_the_models_own() -> None:
    own, others = likelihoods(FAIR + 3, token=2, count=2)

    assert own == pytest.approx(log(0.125))
    assert [token for token, _ in others] == [0, 1]
    assert [likelihood for _, likelihood in others] == pytest.approx([log(0.5), log(0.25)])
    assert likelihoods(FAIR, token=0, count=0)[1] == []
    falling = [likelihood for _, likelihood in likelihoods(FAIR, token=0, count=9)[1]]
    assert len(falling) == 5
    assert all(first >= second for first, second in pairwise(falling))
