"""A reply from its rows of logits: ends, stop texts, guesses, likelihoods, and neighbours that break."""

from collections.abc import Callable, Sequence
from functools import cache
from math import nan

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from servr.native.asking import Asked, Broken, Sampling, Token, Written
from servr.native.engine.detokenising import Spelling
from servr.native.engine.writing import Writer, rows_each

LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())
VOCABULARY = len(LETTERS)  # a token for each byte
END = VOCABULARY - 1
GREEDY = Sampling(temperature=0)
Model = Callable[[Sequence[int]], torch.Tensor]
"""Logits of what follows these tokens."""


@cache
def spelling() -> Spelling:
    tokenizer = Tokenizer(models.BPE({letter: token for token, letter in enumerate(LETTERS)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return Spelling(tokenizer)


def tokens_of(text: str) -> tuple[int, ...]:
    by_byte = {spelling()[token].bytes: token for token in range(VOCABULARY)}
    return tuple(by_byte[bytes([byte])] for byte in text.encode())


def asked(prompt: str = "p", most_tokens: int = 99, **more: object) -> Asked:
    return Asked(**({"sampling": GREEDY} | more), prompt=tokens_of(prompt), most_tokens=most_tokens)  # type: ignore[arg-type]


def writer(what: Asked) -> Writer:
    return Writer(what, spelling(), frozenset({END}))


def saying(text: str, *, behind: int = 1) -> Model:
    """A model that says `text` behind a prompt of so many tokens, and then ends its turn."""
    script = (*tokens_of(text), END)

    def logits(tokens: Sequence[int]) -> torch.Tensor:
        row = torch.zeros(VOCABULARY)
        row[script[min(len(tokens) - behind, len(script) - 1)]] = 5
        return row

    return logits


def at_random(seed: int, sure: float) -> Model:
    """A model that looks at the last two tokens, and knows only eight."""

    def logits(tokens: Sequence[int]) -> torch.Tensor:
        generator = torch.Generator().manual_seed(hash((seed, *tokens[-2:])))
        row = torch.full((VOCABULARY,), -50.0)
        row[40:48] = torch.randn(8, generator=generator) * sure
        return row

    return logits


def steps(model: Model, *all_asked: Asked, guess: bool = True) -> list[list[Written | Broken]]:
    """Of each reply what it was told, step by step; all stand in one batch until they are over."""
    drafts = [(each, writer(each), list[Written | Broken]()) for each in all_asked]
    while open_drafts := [draft for draft in drafts if not draft[1].finish and not is_broken(draft[2])]:
        rows = []
        for what, one, _ in open_drafts:
            if one.tokens:
                one.guess(99 if guess else 0)
            text = [*what.prompt, *one.tokens]
            rows += [model([*text, *one.guessed[:size]]) for size in range(len(one.guessed) + 1)]
        together = rows_each([one for _, one, _ in open_drafts], torch.stack(rows))
        for (_, one, told), share in zip(open_drafts, together, strict=True):
            try:
                told.append(one.write(share))
            except Broken as error:
                told.append(error)
    return [told for _, _, told in drafts]


def is_broken(told: list[Written | Broken]) -> bool:
    return bool(told) and isinstance(told[-1], Broken)


def text_of(told: list[Written | Broken]) -> str:
    return "".join(each.text for each in told if isinstance(each, Written))


def tokens_told(told: list[Written | Broken]) -> list[Token]:
    return [token for each in told if isinstance(each, Written) for token in each.tokens]


def written(model: Model, what: Asked) -> tuple[Writer, list[Written]]:
    """A reply by itself, without guesses."""
    one, told = writer(what), []
    while not one.finish:
        rows = model([*what.prompt, *one.tokens])[None]
        told.append(one.write(rows_each([one], rows)[0]))
    return one, told


def test_the_end_of_the_turn_ends_the_reply_and_is_not_told() -> None:
    one, told = written(saying("hi"), asked())

    h, i = tokens_of("hi")
    assert told == [Written("h", (Token(h, "h"),)), Written("i", (Token(i, "i"),)), Written("", ())]
    assert (one.finish, one.tokens) == ("stop", [h, i, END])


def test_a_reply_is_no_longer_than_was_asked() -> None:
    one, told = written(saying("hello"), asked(most_tokens=3))

    assert "".join(each.text for each in told) == "hel"
    assert one.finish == "length"


def test_a_character_in_several_tokens_is_told_with_its_last() -> None:
    _, told = written(saying("é!"), asked())

    first, second = tokens_of("é")
    assert told[0] == Written("", ())
    assert told[1] == Written("é", (Token(first, "\ufffd"), Token(second, "\ufffd")))


def test_half_a_character_at_the_end_is_told() -> None:
    _, told = written(saying("é"), asked(most_tokens=1))

    assert told == [Written("\ufffd", (Token(tokens_of("é")[0], "\ufffd"),))]


@pytest.mark.parametrize("stop", [("END",), ("ND", "E"), ("xx", "END")])
def test_nothing_of_a_stop_text_is_told(stop: tuple[str, ...]) -> None:
    one, told = written(saying("on END more"), asked(stop=stop))

    assert "".join(each.text for each in told) == "on "
    assert [token.text for each in told for token in each.tokens] == ["o", "n", " "]
    assert one.finish == "stop"


def test_what_only_began_like_a_stop_text_is_told_in_the_end() -> None:
    one, told = written(saying("to EN"), asked(stop=("END",)))

    assert told[-1].text == "EN"
    assert [token.text for token in told[-1].tokens] == ["E", "N"]
    assert one.finish == "stop"


def test_a_stop_text_of_half_a_character_is_found_at_the_end() -> None:
    one, told = written(saying("aé"), asked(most_tokens=2, stop=("\ufffd",)))

    assert "".join(each.text for each in told) == "a"
    assert one.finish == "stop"


def test_likelihoods_are_told_where_they_are_asked_for() -> None:
    whole = float(saying("h")(tokens_of("p")).logsumexp(-1))
    _, told = written(
        saying("h"), asked(alternatives=2, sampling=Sampling(temperature=0, presence_penalty=-2))
    )

    token = told[0].tokens[0]
    assert token.logprob == pytest.approx(5 - whole)
    assert token.alternatives[0] == (token.id, "h", token.logprob)
    assert len(token.alternatives) == 2
    assert written(saying("h"), asked(alternatives=0))[1][0].tokens[0].alternatives == ()


def test_guesses_that_are_right_come_together() -> None:
    what = asked(prompt="one two three four. one two ")

    told = steps(saying("three four.", behind=28), what)[0]

    assert text_of(told) == "three four."
    assert len(told) <= 5
    assert max(len(each.tokens) for each in told if isinstance(each, Written)) >= 4


def test_guesses_never_go_beyond_what_was_asked() -> None:
    one = writer(asked(prompt="abcabcabc", most_tokens=2))

    one.tokens.append(tokens_of("a")[0])

    assert one.guess() == ()
    assert writer(asked(prompt="abcabcabc", lookup=False)).guess() == ()


@settings(max_examples=60)
@given(
    st.integers(0, 99),
    st.sampled_from(
        [GREEDY, Sampling(seed=3), Sampling(seed=4, top_p=0.8, temperature=0.7, frequency_penalty=0.4)]
    ),
    st.sampled_from([(), ("a",), ("LL", "KI")]),
    st.sampled_from([None, 1]),
)
def test_a_reply_is_the_same_with_guesses_and_in_any_batch(
    seed: int, sampling: Sampling, stop: tuple[str, ...], alternatives: int | None
) -> None:
    model = at_random(seed, sure=3)
    what = asked(
        prompt="IJKLIJKLIJKL", most_tokens=30, sampling=sampling, stop=stop, alternatives=alternatives
    )
    others = (asked(prompt="IJ"), asked(prompt="K", sampling=Sampling(seed=1), most_tokens=20))

    alone = steps(model, what, guess=False)[0]
    guessed = steps(model, what)[0]
    among = steps(model, others[0], what, others[1])[1]

    assert tokens_told(alone) == tokens_told(guessed) == tokens_told(among)
    assert text_of(alone) == text_of(guessed) == text_of(among)


def test_a_reply_that_breaks_leaves_the_others_alone() -> None:
    def logits(tokens: Sequence[int]) -> torch.Tensor:
        row = saying("fine")(tokens)
        return row * nan if tokens[0] == tokens_of("x")[0] else row

    first, second, third = steps(
        logits, asked(), asked(prompt="x"), asked(sampling=Sampling(seed=1, top_k=1))
    )

    assert (text_of(first), text_of(third)) == ("fine", "fine")
    assert isinstance(second[0], Broken)


def test_all_that_are_plain_are_looked_at_without_a_copy_of_the_logits() -> None:
    plain, other = writer(asked()), writer(asked(alternatives=0))
    rows = torch.randn(2, VOCABULARY)

    alone, beside = rows_each([plain], rows[:1]), rows_each([other, plain], rows)

    assert alone == [[(int(rows[0].argmax()), float(rows[0].max()))]]
    assert beside[1] == [(int(rows[1].argmax()), float(rows[1].max()))]
    assert isinstance(beside[0], torch.Tensor)
    assert beside[0].data_ptr() == rows.data_ptr()
