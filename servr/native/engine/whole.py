"""Models whose memory can be copied but not cut, as of linear attention: one conversation at a time."""

from array import array
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from servr.native.engine.conversations import Conversation, Piece, common


class WholeConversation:
    def __init__(self, cache: Any, token_bytes: int, tokens: "array[int] | None" = None) -> None:
        self.tokens = tokens if tokens is not None else array("i")
        self.in_use = False
        self.is_sound = True
        self.cache = cache
        """As transformers makes it for the model."""
        self._token_bytes = token_bytes

    @property
    def bytes(self) -> int:
        return sum(tensor.nbytes for tensor in tensors_of(self.cache))

    def bytes_with(self, tokens: int) -> int:
        return self.bytes + self._token_bytes * tokens

    def usable(self, prompt: "array[int]") -> int:
        length = len(self.tokens)
        fits = self.is_sound and 0 < length < len(prompt)
        return length if fits and common(self.tokens, prompt) == length else 0

    def branch(self, length: int) -> "WholeConversation":
        if length != len(self.tokens):
            raise ValueError(f"{len(self.tokens)} tokens cannot be cut to {length}")
        return WholeConversation(deepcopy(self.cache), self._token_bytes, self.tokens[:])

    def crop(self, length: int) -> None:
        raise ValueError(f"{len(self.tokens)} tokens cannot be cut to {length}")


class WholeModel:
    cuts = False

    def __init__(self, model: Any, new_cache: Any) -> None:
        self.fixed_bytes = self.token_bytes = 0
        """What a conversation takes, and what for each token; known after a first `read`."""
        self._model = model
        self._new_cache = new_cache

    def begin(self) -> WholeConversation:
        return WholeConversation(self._new_cache(), self.token_bytes)

    def bytes_for(self, tokens: int) -> int:
        return self.fixed_bytes + self.token_bytes * tokens

    def groups(self, pieces: Sequence[Piece]) -> Sequence[Sequence[Piece]]:
        return [[piece] for piece in pieces]

    def read(self, pieces: Sequence[Piece]) -> Tensor:
        (piece,) = pieces
        conversation = whole(piece.conversation)
        conversation.is_sound = False
        row = torch.tensor([piece.tokens], device=self._model.device)
        logits = self._model(
            input_ids=row,
            past_key_values=conversation.cache,
            use_cache=True,
            logits_to_keep=max(1, piece.wanted),  # 0 means all
        ).logits[0]
        conversation.is_sound = True
        conversation.tokens.extend(piece.tokens)
        return logits[len(logits) - piece.wanted :]


def whole(conversation: Conversation) -> WholeConversation:
    assert isinstance(conversation, WholeConversation)
    return conversation


def tensors_of(value: object, seen: set[int] | None = None) -> list[Tensor]:
    """All tensors that are reached from a cache by attributes, lists and dictionaries."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return []
    seen.add(id(value))
    if isinstance(value, Tensor):
        return [value]
    inside: list[object] = []
    if isinstance(value, dict):
        inside = list(value.values())
    elif isinstance(value, list | tuple):
        inside = list(value)
    elif type(value).__module__.startswith("transformers.cache_utils"):
        inside = list(vars(value).values())
    return [tensor for each in inside for tensor in tensors_of(each, seen)]
