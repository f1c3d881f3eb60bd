"""A model of random weights that thinks as long as it likes ends no reply: this one ends each thought soon."""

from collections.abc import Sequence
from typing import Any

import torch

from servr.native.engine.conversations import Model, Piece
from tests.servr.native.around import Around

MOST_CHARS = 40
"""Of a thought, and the token behind them."""
OPENS, CLOSES = "<think>", "</think>"
SURE = 1e4


class Brief(Around):
    def __init__(self, inner: Model, tokenizer: Any) -> None:
        """`tokenizer`: one of transformers; without a token that closes thoughts, nothing is changed."""
        super().__init__(inner)
        self._tokenizer = tokenizer
        self._closing = tokenizer.get_vocab().get(CLOSES)

    def read(self, pieces: Sequence[Piece]) -> torch.Tensor:
        logits: torch.Tensor = super().read(pieces)
        read = [
            piece.conversation.tokens[: len(piece.conversation.tokens) - later]
            for piece in pieces
            for later in reversed(range(piece.wanted))
        ]
        for row, tokens in zip(logits, read, strict=True):
            if self._closing is not None and self._thinks_long(tokens):
                row[self._closing] = SURE
        return logits

    def _thinks_long(self, tokens: Sequence[int]) -> bool:
        text = self._tokenizer.decode(list(tokens), skip_special_tokens=False)
        _, opened, thought = text.rpartition(OPENS)
        return bool(opened) and CLOSES not in thought and len(thought) > MOST_CHARS
