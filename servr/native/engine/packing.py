"""Several conversations in one forward: their new tokens stand in one row, and attention keeps them apart.

pieces ─▶ a row of tokens, one of positions ─▶ transformers' model ─▶ logits of those wanted
                                                  │ each layer
                                                  ▼
              `attend`: writes the new keys and values, looks at those of each conversation
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from servr.native.engine.attention import Look, attended
from servr.native.engine.conversations import Conversation, Piece, common
from servr.native.engine.keys_and_values import UNLIMITED, KeysAndValues, grown

ATTENTION = "roost"


class PackedConversation:
    def __init__(self, memory: KeysAndValues, tokens: "array[int] | None" = None) -> None:
        self.tokens = tokens if tokens is not None else array("i")
        self.in_use = False
        self.is_sound = True
        self.memory = memory

    @property
    def bytes(self) -> int:
        return self.memory.bytes

    def bytes_with(self, tokens: int) -> int:
        return self.memory.bytes_for(len(self.tokens) + tokens)

    def usable(self, prompt: "array[int]") -> int:
        return min(common(self.tokens, prompt), len(prompt) - 1)

    def branch(self, length: int) -> "PackedConversation":
        return PackedConversation(self.memory.copy(length), self.tokens[:length])

    def crop(self, length: int) -> None:
        del self.tokens[length:]


@dataclass(frozen=True)
class Span:
    """Where one conversation's new tokens stand in the row."""

    first: int
    count: int
    before: int
    """Tokens of the conversation that were read earlier."""
    memory: KeysAndValues
    masks: dict[int | None, Tensor]
    """Made by the first layer that needs it, by the width of its window."""


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    spans: Sequence[Span] = (),
    step: "FixedStep | None" = None,
    scaling: float | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it. (1, heads, tokens, width) in, (1, tokens, heads, width) out."""
    look = Look.of(others, scaling)
    if step is not None:
        return step.attend(module.layer_idx, query, key, value, look), None
    results = []
    for span in spans:
        new = slice(span.first, span.first + span.count)
        keys, values = span.memory.extend(module.layer_idx, span.before, key[0, :, new], value[0, :, new])
        results.append(attended(query[:, :, new], keys, values, look, span.masks))
    return results[0] if len(results) == 1 else torch.cat(results, dim=1), None


class FixedStep(Protocol):
    """A step that has the same shape each time, and attends by itself."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, look: Look) -> Tensor: ...


class PackedModel:
    """A model whose layers are all attention to everything before, or to a window of it."""

    cuts = True

    def __init__(self, model: Any, *, alone: bool = False) -> None:
        self.token_bytes = 0
        """What a conversation takes for each token; known after a first `read`."""
        self.most_tokens = UNLIMITED
        """In a conversation, once that is known: one of so many has no room behind it."""
        self.model = model
        self._device = model.device
        self.alone = alone
        """Whether positions of one conversation change what is computed for another."""

    def begin(self) -> PackedConversation:
        return PackedConversation(KeysAndValues(self.token_bytes, self.most_tokens))

    def bytes_for(self, tokens: int) -> int:
        return self.token_bytes * grown(0, tokens, self.most_tokens)

    def groups(self, pieces: Sequence[Piece]) -> Sequence[Sequence[Piece]]:
        return [[piece] for piece in pieces] if self.alone else [pieces]

    def read(self, pieces: Sequence[Piece]) -> Tensor:
        tokens: list[int] = []
        positions: list[int] = []
        wanted: list[int] = []
        spans = []
        for piece in pieces:
            before, count = len(piece.conversation.tokens), len(piece.tokens)
            memory = memory_of(piece.conversation)
            memory.reserve(before, count)
            spans.append(Span(len(tokens), count, before, memory, {}))
            positions += range(before, before + count)
            tokens += piece.tokens
            wanted += range(len(tokens) - piece.wanted, len(tokens))
        numbers = torch.tensor(tokens + positions + wanted).to(self._device)  # one copy to the device
        row = numbers[: 2 * len(tokens)].view(2, 1, len(tokens))
        logits = self.model(
            input_ids=row[0],
            position_ids=row[1],
            use_cache=False,
            logits_to_keep=numbers[2 * len(tokens) :],
            spans=spans,
        ).logits[0]  # (wanted, vocabulary)
        for piece in pieces:
            piece.conversation.tokens.extend(piece.tokens)
        return logits


def memory_of(conversation: Conversation) -> KeysAndValues:
    assert isinstance(conversation, PackedConversation)
    return conversation.memory
