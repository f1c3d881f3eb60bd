"""From a row of logits to the next token.

logits ─▶ penalties ─▶ constraint ─▶ temperature ─▶ min_p ─▶ top_k ─▶ top_p ─▶ one draw

This is vLLM's order, so that a setting means the same when a model moves there: `min_p` compares what is hot
or cold already, and `top_p` is a share of what the other two left. Nothing looks at the rest of the batch.
"""

import random
from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING

import torch

from servr.native.asking import Broken, Constraint, Sampling

if TYPE_CHECKING:
    from torch import Tensor

FIRST_LOOK = 256
"""Of the likeliest tokens, where `top_p` is looked for first: a real model is seldom less sure than that."""
BLOCK = 64


class Chooser:
    """Chooses the tokens of one reply, by the same numbers whatever stands beside it in a batch."""

    def __init__(self, sampling: Sampling, constraint: Constraint | None, prompt: tuple[int, ...]) -> None:
        self._sampling = sampling
        self._constraint = constraint
        self._penalties = _Penalties(sampling, prompt) if _penalises(sampling) else None
        self._spin = random.Random(sampling.seed).random
        self.is_plain = constraint is None and self._penalties is None and sampling.temperature == 0
        """Whether the token is the one of the greatest logit, always."""

    def choose(self, logits: "Tensor") -> int:
        """`logits`: (vocabulary,), left as they are.

        Raises:
            Broken: they are no numbers, or the constraint leaves nothing.
        """
        best, peak = likeliest(logits[None])[0]
        sure(best, peak)
        if self._penalties or self._constraint:
            logits = self._shaped(logits)
            best, peak = likeliest(logits[None])[0]
            if not isfinite(peak):
                raise Broken("What this reply is held to leaves no token that may come next.")
        if self._sampling.temperature == 0:
            return best
        return _drawn(
            ((_exact(logits) - peak) / self._sampling.temperature).exp_(), self._sampling, self._spin
        )

    def _shaped(self, logits: "Tensor") -> "Tensor":
        logits = _exact(logits).clone()  # the constraint writes in it
        if self._penalties:
            logits = self._penalties.applied(logits)
        if self._constraint:
            self._constraint.mask(logits)
        return logits

    def take(self, token: int) -> None:
        """`token` was chosen and is not the end of the turn.

        Raises:
            Broken: the constraint does not take what its own mask allowed.
        """
        if self._penalties:
            self._penalties.count(token)
        if self._constraint and not self._constraint.take(token):
            raise Broken(f"What this reply is held to refuses token {token}, which it had allowed.")

    @property
    def is_over(self) -> bool:
        return self._constraint is not None and self._constraint.is_over


def likeliest(rows: "Tensor") -> list[tuple[int, float]]:
    """Of each row of (n, vocabulary) the token of the greatest logit, and it; NaN where there is one."""
    if rows.device.type == "cpu":  # numpy finds it 15 times as fast there
        numbers = _exact(rows.detach()).numpy()
        best = numbers.argmax(-1)
        return list(zip(best.tolist(), numbers[range(len(best)), best].tolist(), strict=True))
    peaks, places = rows.max(-1)
    return list(zip(places.tolist(), peaks.tolist(), strict=True))


def _exact(logits: "Tensor") -> "Tensor":
    """In a type in which sums over a vocabulary are right."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def sure(token: int, peak: float) -> int:
    """`token`, if the greatest logit is a number.

    Raises:
        Broken: it is not.
    """
    if not isfinite(peak):
        raise Broken(
            f"The model gave {peak} as its best logit. Its weights or its number type may be at fault."
        )
    return token


def likelihoods(logits: "Tensor", token: int, count: int) -> tuple[float, list[tuple[int, float]]]:
    """The log probability of `token` by the model alone, and the `count` likeliest tokens with theirs."""
    logits = _exact(logits)
    whole = float(logits.logsumexp(-1))
    values, places = logits.topk(min(count, len(logits)))
    best = [(place, value - whole) for place, value in zip(places.tolist(), values.tolist(), strict=True)]
    return float(logits[token]) - whole, best


def _penalises(sampling: Sampling) -> bool:
    return (sampling.repetition_penalty, sampling.presence_penalty, sampling.frequency_penalty) != (1, 0, 0)


class _Penalties:
    """What each token of the vocabulary has to bear: two rows, of which a new token changes one place."""

    def __init__(self, sampling: Sampling, prompt: tuple[int, ...]) -> None:
        self._sampling = sampling
        self._prompt = prompt
        self._written: set[int] = set()
        self._subtracted: Tensor | None = None
        self._divided: Tensor | None = None

    def applied(self, logits: "Tensor") -> "Tensor":
        if self._subtracted is None or self._divided is None:
            self._subtracted, self._divided = torch.zeros_like(logits), torch.ones_like(logits)
            self._divided[list(set(self._prompt))] = self._sampling.repetition_penalty
        logits = torch.where(logits > 0, logits / self._divided, logits * self._divided)
        return logits.sub_(self._subtracted)

    def count(self, token: int) -> None:
        """After `applied`, which knows how wide the rows are and where they live."""
        assert self._subtracted is not None
        assert self._divided is not None
        self._subtracted[token] += self._sampling.frequency_penalty
        if token not in self._written:
            self._written.add(token)
            self._subtracted[token] += self._sampling.presence_penalty
            self._divided[token] = self._sampling.repetition_penalty


def _drawn(weights: "Tensor", sampling: Sampling, spin: Callable[[], float]) -> int:
    """`weights`: (vocabulary,) of which the greatest is 1."""
    if sampling.min_p:
        weights = weights.masked_fill(weights < sampling.min_p, 0)
    if 0 < sampling.top_k < len(weights):
        best, places = weights.topk(sampling.top_k)  # (top_k,), falling
        wanted = sampling.top_p * float(best.sum())
    elif sampling.top_p < 1:
        wanted = sampling.top_p * float(weights.sum())
        best, places = _enough(weights, wanted)
    else:
        return _one_of_many(weights, spin)
    if sampling.top_p < 1:
        before = best.double().cpu().cumsum(0) - best.double().cpu()
        best = best[: max(1, int((before < wanted).sum()))]
    return int(places[_one_of_many(best, spin)])


def _enough(weights: "Tensor", wanted: float) -> tuple["Tensor", "Tensor"]:
    """The greatest weights and their places, falling, at least until they sum up to `wanted`."""
    count = FIRST_LOOK
    while count < len(weights):
        best, places = weights.topk(count)
        if float(best.sum()) >= wanted:
            return best, places
        count *= 16
    best, places = weights.sort(descending=True)
    return best, places


def _one_of_many(weights: "Tensor", spin: Callable[[], float]) -> int:
    """A place, as likely as its weight: first a block, then within it, which is cheaper than summing all."""
    blocks = torch.nn.functional.pad(weights, (0, -len(weights) % BLOCK)).view(-1, BLOCK)
    block = _one_of(blocks.sum(-1), spin)
    return block * BLOCK + _one_of(blocks[block], spin)


def _one_of(weights: "Tensor", spin: Callable[[], float]) -> int:
    sums = weights.double().cpu().cumsum(0)
    point = min(spin(), 1 - 2**-32) * float(sums[-1])  # never all of it: behind the last there is nothing
    return int(torch.searchsorted(sums, point, right=True))
