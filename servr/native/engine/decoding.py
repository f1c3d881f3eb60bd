"""Steps of few tokens at fixed addresses, so that a GPU can record one and play it again without Python.

pieces ─▶ places of the pool ─▶ a step of that shape: tokens, positions ─▶ recorded forward ─▶ logits
   │                                 rows · tokens each · length looked at, each rounded up to few values
   └─▶ packed, as ever: what has another shape, a first time each, and everything once anything fails
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from servr.native.engine.attention import Look
from servr.native.engine.conversations import Piece
from servr.native.engine.faults import Fault, attempt
from servr.native.engine.packing import PackedConversation, PackedModel
from servr.native.engine.pool import Pool
from servr.native.engine.trial import difference

log = logging.getLogger(__name__)

Work = Callable[[], Tensor]
Record = Callable[[Work], Work]
Shape = tuple[int, int, int]
"""Rows, new tokens in each, and how many of all are looked at."""

NEW_TOKENS = (1, 4, 8, 17)
"""Of a row: one that was written, and guesses."""
LENGTHS = tuple(size << power for power in range(14) for size in (256, 384))


class Step:
    """One shape of a step: its inputs stand still, and so does what it works on."""

    def __init__(self, pool: Pool, shape: Shape, device: Any) -> None:
        rows, news, self._length = shape
        self._layers = {layer: (keys[:rows], values[:rows]) for layer, (keys, values) in pool.layers.items()}
        self._last = pool.tokens
        """Where nothing is ever read."""
        self._numbers = torch.zeros(2, rows, news, dtype=torch.long, device=device)
        self._numbers[1] = self._last
        self._rows = torch.arange(rows, device=device)[:, None]
        self._places = torch.arange(self._length, device=device)

    def fill(self, tokens: Sequence[Sequence[int]], positions: Sequence[Sequence[int]]) -> None:
        """Of each row as many tokens as the step has, and where they stand."""
        bounded = [[min(position, self._last) for position in row] for row in positions]
        self._numbers.copy_(torch.tensor([tokens, bounded]))

    def run(self, model: Any) -> Tensor:
        """(rows, tokens, vocabulary)"""
        logits: Tensor = model(
            input_ids=self._numbers[0], position_ids=self._numbers[1], use_cache=False, step=self
        ).logits
        return logits

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, look: Look) -> Tensor:
        """(rows, heads, tokens, width) in, (rows, tokens, heads, width) out."""
        positions = self._numbers[1]  # (rows, tokens)
        keys, values = self._layers[layer]
        keys[self._rows, :, positions] = key.transpose(1, 2)
        values[self._rows, :, positions] = value.transpose(1, 2)
        keys, values = keys[:, :, : self._length], values[:, :, : self._length]

        rows, heads, news, width = query.shape
        grouped = query.reshape(rows, keys.shape[1], -1, width)  # heads that share keys are rows
        scores = grouped @ keys.transpose(2, 3) * (width**-0.5 if look.scaling is None else look.scaling)
        if look.softcap is not None:
            scores = torch.tanh(scores / look.softcap) * look.softcap
        scores = scores.unflatten(2, (-1, news)).masked_fill(~self._seen(look.window), float("-inf"))
        weights = _shares(scores, look.sinks).to(values.dtype).flatten(2, 3)
        return (weights @ values).view(rows, heads, news, -1).transpose(1, 2)

    def _seen(self, window: int | None) -> Tensor:
        """(rows, 1, 1, tokens, length)"""
        positions = self._numbers[1][:, None, None, :, None]
        seen = self._places <= positions
        return seen if window is None else seen & (self._places > positions - window)


def _shares(scores: Tensor, sinks: Tensor | None) -> Tensor:
    """(rows, key heads, heads that share, tokens, length), as parts of 1 with what the sinks take."""
    length = scores.shape[-1]
    if sinks is not None:
        taken = sinks.reshape(1, *scores.shape[1:3], 1, 1).expand(*scores.shape[:-1], 1)
        scores = torch.cat((scores, taken), dim=-1)
    exact = torch.promote_types(scores.dtype, torch.float32)
    return scores.softmax(dim=-1, dtype=exact)[..., :length]


class DecodingModel:
    """A packed model that plays recorded steps where only a few tokens are read for each conversation."""

    cuts = True

    def __init__(self, packed: PackedModel, record: Record, *, places: int, tokens: int) -> None:
        """`places`: conversations at once; `tokens`: of each, as long as it is to be at most in the pool."""
        self.is_given_up = packed.alone
        self._packed = packed
        self._record = record
        self._places, self._tokens = places, tokens
        self._pool: Pool | None = None
        self._steps: dict[Shape, tuple[Step, Work]] = {}
        self._proven: set[Shape] = set()

    def begin(self) -> PackedConversation:
        return self._packed.begin()

    def bytes_for(self, tokens: int) -> int:
        return self._packed.bytes_for(tokens)

    def groups(self, pieces: Sequence[Piece]) -> Sequence[Sequence[Piece]]:
        return self._packed.groups(pieces)

    def read(self, pieces: Sequence[Piece]) -> Tensor:
        if self.is_given_up or not self._fits(pieces):
            return self._packed.read(pieces)
        played = attempt(partial(self._play, pieces))
        if isinstance(played, Fault):
            self._give_up(str(played.error))
            return self._packed.read(pieces)
        shape, logits = played
        if shape not in self._proven:
            return self._proved(pieces, shape, logits)
        for piece in pieces:
            piece.conversation.tokens.extend(piece.tokens)
        return logits

    def _fits(self, pieces: Sequence[Piece]) -> bool:
        return len(pieces) <= self._places and all(
            len(piece.tokens) <= NEW_TOKENS[-1]
            and 0 < len(piece.conversation.tokens) <= self._tokens - len(piece.tokens)
            for piece in pieces
        )

    def _play(self, pieces: Sequence[Piece]) -> tuple[Shape, Tensor]:
        conversations = [conversation_of(piece) for piece in pieces]
        if self._pool is None:
            self._pool = Pool(conversations[0].memory, places=self._places, tokens=self._tokens)
        pool, shape = self._pool, self._shape(pieces)
        seats = pool.seat(conversations, within=shape[0])
        news = {seat: piece.tokens for seat, piece in zip(seats, pieces, strict=True)}
        starts = [pool.length(place) for place in range(shape[0])]
        known = self._steps.get(shape)
        step = known[0] if known else Step(pool, shape, self._packed.model.device)
        step.fill(
            [[*news.get(place, ()), *[0] * shape[1]][: shape[1]] for place in range(shape[0])],
            [list(range(start, start + shape[1])) for start in starts],
        )
        work = known[1] if known else self._record(partial(step.run, self._packed.model))
        self._steps[shape] = step, work
        logits = work()
        ends = [(seat, len(piece.tokens), piece.wanted) for seat, piece in zip(seats, pieces, strict=True)]
        return shape, torch.cat([logits[seat, count - wanted : count] for seat, count, wanted in ends])

    def _shape(self, pieces: Sequence[Piece]) -> Shape:
        """The smallest of those there are into which the pieces fit."""
        rows = 1 << (len(pieces) - 1).bit_length()
        most = max(len(piece.tokens) for piece in pieces)
        longest = max(len(piece.conversation.tokens) + len(piece.tokens) for piece in pieces)
        news = next(size for size in NEW_TOKENS if size >= most)
        length = next(size for size in LENGTHS if size >= longest)
        return min(rows, self._places), news, min(length, self._tokens)

    def _proved(self, pieces: Sequence[Piece], shape: Shape, logits: Tensor) -> Tensor:
        """What the packed way says; a shape that was right once is trusted."""
        expected = self._packed.read(pieces)
        if len(expected) and bool(expected.isfinite().all()):
            if told := difference(expected, logits):
                self._give_up(told)
            self._proven.add(shape)
        return expected

    def _give_up(self, reason: str) -> None:
        log.warning("replies are written without recorded steps from now on: %s", reason)
        self.is_given_up = True
        self._steps.clear()


def conversation_of(piece: Piece) -> PackedConversation:
    assert isinstance(piece.conversation, PackedConversation)
    return piece.conversation
