"""Tokens become text as they come: whole characters, stray bytes, spaces, and what the tokenizer itself says."""

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from servr.native.engine.detokenising import Detokeniser, Spelling

WORDS = (
    "to be or not to be, that is the question: né, naïve façade, 東京 and 😀 are here  too\n\n\tdone",
) * 4


@cache
def by_bytes() -> Tokenizer:
    """Byte-level BPE, as of Qwen, Llama 3 and gpt-oss."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        WORDS, trainers.BpeTrainer(vocab_size=330, initial_alphabet=letters, show_progress=False)
    )
    tokenizer.add_special_tokens([AddedToken("<|end|>", special=True)])
    tokenizer.add_tokens(["<think>", "Ġé", "日本"])
    return tokenizer


@cache
def by_words(strip: bool) -> Tokenizer:
    """SentencePiece's way, as of Llama 2 (which strips the first space) and Gemma (which does not)."""
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    ends = [decoders.Strip(" ", 1, 0)] if strip else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *ends]
    )
    tokenizer.train_from_iterator(
        ("to be or not to be that is the question are here too done a b c",) * 4,
        trainers.BpeTrainer(
            vocab_size=330, special_tokens=["<unk>", "<s>", "</s>", *byte_tokens], show_progress=False
        ),
    )
    return tokenizer


@cache
def by_marks() -> Tokenizer:
    """Metaspace, as of older conversions of SentencePiece."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        WORDS, trainers.BpeTrainer(vocab_size=120, special_tokens=["<unk>", "</s>"], show_progress=False)
    )
    return tokenizer


TOKENIZERS = {
    "byte level": by_bytes,
    "llama 2": lambda: by_words(strip=True),
    "gemma": lambda: by_words(strip=False),
    "metaspace": by_marks,
}


def pieces(tokenizer: Tokenizer, tokens: list[int]) -> list[str]:
    """One for each token, and one for the end."""
    detokeniser = Detokeniser(Spelling(tokenizer))
    return [*(detokeniser.take(token) for token in tokens), detokeniser.end()]


def decoded(tokenizer: Tokenizer, tokens: list[int]) -> str:
    """The tokenizer's own word for it, where it goes on from other text."""
    before = tokenizer.encode("be", add_special_tokens=False).ids
    whole = tokenizer.decode([*before, *tokens], skip_special_tokens=False)
    return whole.removeprefix(tokenizer.decode(before, skip_special_tokens=False))


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(max_examples=200)
@given(st.data())
def test_joined_pieces_are_the_tokenizers_own_decoding(kind: str, data: st.DataObject) -> None:
    tokenizer = TOKENIZERS[kind]()
    size = tokenizer.get_vocab_size()
    some = st.integers(0, size + 3)  # more than it has, too
    tokens = data.draw(st.lists(st.one_of(some, st.integers(3, 258)), max_size=24))

    assert "".join(pieces(tokenizer, tokens)) == decoded(tokenizer, tokens)


@pytest.mark.parametrize("kind", TOKENIZERS)
@given(st.text("to be é東😀\n <", max_size=20))
def test_text_comes_back_through_pieces(kind: str, text: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    tokens = tokenizer.encode(text, add_special_tokens=False).ids

    assert "".join(pieces(tokenizer, tokens)) == decoded(tokenizer, tokens)


@settings(max_examples=300)
@given(st.lists(st.integers(0, 255), max_size=12))
def test_any_bytes_are_decoded_as_the_tokenizer_does(values: list[int]) -> None:
    tokenizer = by_bytes()
    letters = {tokenizer.decode([token]).encode(): token for token in range(256)}
    known = [token for byte in values if (token := letters.get(bytes([byte]))) is not None]
    stray = [token for token in range(256) if tokenizer.decode([token]) == "\ufffd"]
    tokens = [
        stray[byte % len(stray)] if byte > 127 else token for byte, token in zip(values, known, strict=False)
    ]

    assert "".join(pieces(tokenizer, tokens)) == tokenizer.decode(tokens, skip_special_tokens=False)


def test_a_character_in_several_tokens_comes_whole() -> None:
    tokenizer = by_bytes()
    tokens = tokenizer.encode("x𒀀!", add_special_tokens=False).ids

    told = pieces(tokenizer, tokens)

    assert len(tokens) > 4
    assert [piece for piece in told if piece] == ["x", "𒀀", "!"]


def test_a_run_of_byte_tokens_comes_whole() -> None:
    tokenizer = by_words(strip=True)
    tokens = tokenizer.encode("to 😀 be", add_special_tokens=False).ids

    assert [piece for piece in pieces(tokenizer, tokens) if "😀" in piece]
    assert "".join(pieces(tokenizer, tokens)) == " to 😀 be"


def test_a_stray_byte_is_told_once_it_is_certain() -> None:
    tokenizer = by_bytes()
    first_of_three = next(
        token
        for token in range(256)
        if tokenizer.id_to_token(token) == "â"  # the byte E2
    )
    letter = tokenizer.encode("t", add_special_tokens=False).ids[0]

    assert pieces(tokenizer, [first_of_three, letter]) == ["", "\ufffdt", ""]
    assert pieces(tokenizer, [letter, first_of_three]) == ["t", "", "\ufffd"]
    assert pieces(tokenizer, [first_of_three] * 3) == ["", "\ufffd", "\ufffd", "\ufffd"]


def test_many_stray_bytes_cost_each_its_own() -> None:
    tokenizer = by_bytes()
    stray = next(token for token in range(256) if tokenizer.decode([token]) == "\ufffd")

    assert "".join(pieces(tokenizer, [stray] * 50_000)) == "\ufffd" * 50_000


def test_special_tokens_and_marks_are_written_out() -> None:
    tokenizer = by_bytes()
    marks = [tokenizer.token_to_id(mark) for mark in ("<think>", "<|end|>")]

    assert pieces(tokenizer, marks) == ["<think>", "<|end|>", ""]


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_each_token_has_a_text_of_its_own(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    spelling = Spelling(tokenizer)
    tokens = tokenizer.encode("not to be", add_special_tokens=False).ids

    assert "".join(spelling[token].text for token in tokens).strip() == "not to be"
    assert spelling[tokenizer.get_vocab_size() + 1].text == ""


def test_half_a_character_is_told_as_what_it_is() -> None:
    tokenizer = by_words(strip=True)

    assert Spelling(tokenizer)[tokenizer.token_to_id("<0xE2>")].text == "\ufffd"
    assert Spelling(tokenizer)[tokenizer.token_to_id("<0x41>")].text == "A"


@pytest.mark.skipif("ROOST_QWEN3_TOKENIZER" not in os.environ, reason="ROOST_QWEN3_TOKENIZER names none")
def test_a_real_tokenizers_text_comes_back() -> None:
    tokenizer = Tokenizer.from_file(os.environ["ROOST_QWEN3_TOKENIZER"])
    text = Path(__file__).read_text(encoding="utf-8") + "<think>\n𒀀 naïve 東京 👩‍👩‍👧 \u200d</think>"
    tokens = tokenizer.encode(text, add_special_tokens=False).ids

    assert "".join(pieces(tokenizer, tokens)) == text
