"""A model that says anything: logits by chance, held to a constraint."""

from functools import cache

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from servr.native.asking import Constraint

HOT = 1.5
MARKS = ("<|im_end|>", "<tool_call>", "</tool_call>", "<think>", "</think>")
PIECES = ("{\"", "\":", "\",", "\"}", "\": \"", " {\n", "\n  ", "12", "ab", "true", "\\n")  # fmt: skip


@cache
def bytewise(marks: tuple[str, ...] = MARKS, pieces: tuple[str, ...] = ()) -> Tokenizer:
    """A tokenizer of bytes, some texts that cross JSON's borders, and special tokens; the first ends a turn."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    spelt = {
        piece: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(piece)[0][0]
        for piece in (*PIECES, *pieces)
    }
    words = dict.fromkeys(alphabet)
    merges: list[tuple[str, str]] = []
    for word in spelt.values():
        for end in range(2, len(word) + 1):
            words[word[:end]] = None
            merges.append((word[: end - 1], word[end - 1]))
    tokenizer = Tokenizer(
        models.BPE({word: place for place, word in enumerate(words)}, list(dict.fromkeys(merges)))
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return tokenizer


def said(
    constraint: Constraint, tokenizer: Tokenizer, *, seed: int, width: int, most: int = 4_000
) -> str | None:
    """What such a model says; None when it was cut."""
    chance, end = torch.Generator().manual_seed(seed), tokenizer.token_to_id(MARKS[0])
    tokens: list[int] = []
    while not constraint.is_over:
        logits = torch.randn(width, generator=chance) * 2
        constraint.mask(logits)
        token = int(torch.multinomial((logits / HOT).softmax(0), 1, generator=chance))
        assert constraint.take(token)
        if token == end:
            break
        tokens.append(token)
        if len(tokens) == most:
            return None
    return str(tokenizer.decode(tokens, skip_special_tokens=False))


def answer(text: str) -> str:
    """What stands behind the thought."""
    return text.rpartition("</think>")[2]
