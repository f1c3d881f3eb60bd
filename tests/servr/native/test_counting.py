"""What is far too long is refused before all of it is read, and what is said of it is true."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from servr.native.counting import CHARS_EACH, TooMany, is_long, require_most
from servr.native.prompts.tokenising import Tokeniser
from tests.servr.native.models import FAMILIES, READ_TEXTS, trained

LENGTH = 200_000


def bare(model: Any, trainer: Any, **parts: Any) -> PreTrainedTokenizerFast:
    """One of those that know no words: each text is spelled as a whole."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(READ_TEXTS.read_text(encoding="utf-8").split("\f"), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def wordless() -> PreTrainedTokenizerFast:
    trainer = trainers.BpeTrainer(vocab_size=800, max_token_length=12, show_progress=False)
    return bare(models.BPE(byte_fallback=True, fuse_unk=True), trainer)


def unigram() -> PreTrainedTokenizerFast:
    trainer = trainers.UnigramTrainer(vocab_size=600, unk_token="<unk>", show_progress=False)
    return bare(models.Unigram(), trainer, pre_tokenizer=pre_tokenizers.Metaspace())


def worded() -> PreTrainedTokenizerFast:
    """Knows no word of more than a hundred characters: it is one token, but its rest behind a cut is many."""
    letters = [f"{before}{letter}" for before in ("", "##") for letter in "abcde"]
    model = models.WordPiece({word: place for place, word in enumerate(["?", *letters])}, unk_token="?")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def swallowing() -> Any:
    """Has a special token that takes all blanks behind it."""
    tokenizer = real()
    tokenizer.add_tokens([AddedToken("<|x|>", special=True, rstrip=True)])
    return tokenizer


def real() -> Any:
    return AutoTokenizer.from_pretrained(Path(os.environ["ROOST_QWEN3_TOKENIZER"]).parent)


TOKENIZERS: dict[str, Callable[[], Any]] = {
    "real": real,
    "bytes": lambda: trained(FAMILIES["llama"], 4_096),
    "without words": wordless,
    "unigram": unigram,
}
ODD: dict[str, Callable[[], Any]] = {"of words": worded, "swallowing": swallowing}
tokenizer_of = cache(lambda name: (TOKENIZERS | ODD)[name]())


def at_random(letters: str) -> str:
    return "".join(random.Random(3).choices(letters, k=LENGTH))


TEXTS = {
    "prose": (READ_TEXTS.read_text(encoding="utf-8") * 10)[:LENGTH],
    "one letter": "a" * LENGTH,
    "blanks": " " * LENGTH,
    "ab": "ab" * (LENGTH // 2),
    "lines": "\n" * LENGTH,
    "letters": at_random("abcdefghijklmnopqrstuvwxyz"),
    "signs": at_random('{}[]",:1234567890'),
    "characters": at_random("äé漢字😀กขค\u0301e a"),
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_long_text_has_at_least_what_is_said_of_it(name: str, text: str) -> None:
    tokeniser = Tokeniser(tokenizer_of(name))
    exact = len(tokeniser.tokens(TEXTS[text]))

    def count(part: str) -> int:
        return len(tokeniser.tokens(part))

    with pytest.raises(TooMany) as raised:
        require_most(exact // 3, [TEXTS[text]], count)
    require_most(exact, [TEXTS[text]], count)  # all of it, which is as much as there may be

    assert exact // 3 < raised.value.least <= exact


@dataclass
class Reading:
    """A tokenizer of one token for each character, which counts those that it reads."""

    read: int = 0
    added: dict[int, Any] = field(default_factory=dict)

    @property
    def backend_tokenizer(self) -> "Reading":
        return self

    def get_added_tokens_decoder(self) -> dict[int, Any]:
        return self.added

    def encode_batch_fast(self, texts: list[str], *, add_special_tokens: bool) -> list[Any]:
        self.read += sum(map(len, texts))
        return [type("Encoding", (), {"ids": list(range(len(text)))})() for text in texts]


@pytest.mark.parametrize("length", [20_000, 4_000_000])
def test_what_is_read_of_a_text_that_is_far_too_long_does_not_grow_with_it(length: int) -> None:
    tokenizer = Reading()

    with pytest.raises(TooMany):
        Tokeniser(tokenizer).tokens("a" * length, most=1_000)

    assert tokenizer.read == CHARS_EACH * 1_000


def test_a_text_that_may_fit_is_told_whole() -> None:
    tokeniser = Tokeniser(Reading())

    over = tokeniser.tokens("a" * 1_001, most=1_000)
    whole = tokeniser.tokens("a" * LENGTH)

    assert (len(over), len(whole)) == (1_001, LENGTH)
    assert not is_long("a" * 1_000 * CHARS_EACH, 1_000)


def test_a_long_text_of_few_tokens_is_read_to_its_end() -> None:
    text = " " * LENGTH
    tokeniser = Tokeniser(tokenizer_of("real"))
    exact = tokeniser.tokens(text)

    found = Tokeniser(tokenizer_of("real")).tokens(text, most=len(exact))

    assert is_long(text, len(exact))
    assert found == exact


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("of words", " ".join(["abcde" * 26] * 510)),
        ("of words", "a" * 40 + " " + " ".join(["b" * 65_535] * 20)),
        ("swallowing", "<|x|>" + " " * 400_000 + "b"),
        ("real", " " * 400_000 + "b"),
        ("real", "=" * 400_000),
    ],
    ids=["long words", "vast words", "swallowed", "blanks", "line"],
)
def test_what_just_fits_is_not_refused(name: str, text: str) -> None:
    exact = Tokeniser(tokenizer_of(name)).tokens(text)

    found = Tokeniser(tokenizer_of(name)).tokens(text, most=len(exact))
    with pytest.raises(TooMany):
        require_most(len(exact) - 1, [text], lambda part: len(Tokeniser(tokenizer_of(name)).tokens(part)))

    assert found == exact
    assert is_long(text, len(exact))


def test_what_stands_between_special_tokens_is_counted_in_full() -> None:
    tokeniser = Tokeniser(tokenizer_of("real"))
    text = "<|im_end|>".join(["word " * 2_000] * 40)
    message = len(tokeniser.tokens("<|im_end|>" + "word " * 2_000))

    with pytest.raises(TooMany) as raised:
        tokeniser.tokens(text, most=5_000)

    assert raised.value.least == 3 * message - 1  # before the first one stands no special token
