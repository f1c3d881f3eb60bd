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

LOOKS = (256, 4_096)
"""Of the likeliest tokens, where `top_p` is looked for before all are sorted: nearly always in the first."""
BLOCK = 64
COLDEST = 1e-6
"""Of temperatures: less cannot be told from nothing in four bytes, and none divides by that."""


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
        return _drawn(logits, peak, self._sampling, self._spin)

    def _shaped(self, logits: "Tensor") -> "Tensor":
        logits = _exact(logits).clone()  # the constraint writes in it
        if self._penalties:
            self._penalties.apply(logits)
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
    """Tokens that have to bear one, and how often each was written; a new token changes one place."""

    def __init__(self, sampling: Sampling, prompt: tuple[int, ...]) -> None:
        self._sampling = sampling
        self._places: dict[int, int] = {}
        if sampling.repetition_penalty != 1:  # the others look at the reply only
            self._places = {token: place for place, token in enumerate(dict.fromkeys(prompt))}
        self._tokens = torch.tensor(list(self._places), dtype=torch.long)
        self._times = torch.zeros(len(self._places))

    def count(self, token: int) -> None:
        place = self._places.setdefault(token, len(self._places))
        if place == len(self._tokens):
            more = max(64, place)
            self._tokens = torch.nn.functional.pad(self._tokens, (0, more))
            self._times = torch.nn.functional.pad(self._times, (0, more))
        self._tokens[place] = token
        self._times[place] += 1

    def apply(self, logits: "Tensor") -> None:
        sampling, size = self._sampling, len(self._places)
        self._tokens, self._times = self._tokens.to(logits.device), self._times.to(logits)
        tokens, times = self._tokens[:size], self._times[:size]
        found = logits[tokens]
        if sampling.repetition_penalty != 1:
            bearing = torch.where(found > 0, 1 / sampling.repetition_penalty, sampling.repetition_penalty)
            found = found * bearing
        logits[tokens] = found - (times > 0) * sampling.presence_penalty - times * sampling.frequency_penalty


def _drawn(logits: "Tensor", peak: float, sampling: Sampling, spin: Callable[[], float]) -> int:
    places: Tensor | None = None
    if 0 < sampling.top_k < len(logits):  # first, for it is cheap: what the others leave is the same
        logits, places = logits.topk(sampling.top_k)  # (top_k,), falling
    weights = (_exact(logits) - peak).div_(max(sampling.temperature, COLDEST)).exp_()  # the greatest is 1
    if sampling.min_p:
        weights.mul_(weights >= sampling.min_p)
    if sampling.top_p < 1:
        wanted = sampling.top_p * float(weights.sum())
        if places is None:
            weights, places = _enough(weights, wanted)
        weights = weights.double().cpu()
        weights = weights[: max(1, int((weights.cumsum(0) - weights < wanted).sum()))]
    chosen = _one_of_many(weights, spin)
    return chosen if places is None else int(places[chosen])


def _enough(weights: "Tensor", wanted: float) -> tuple["Tensor", "Tensor"]:
    """The greatest weights and their places, falling, at least until they sum up to `wanted`."""
    for count in LOOKS:
        best, places = weights.topk(min(count, len(weights)))
        if float(best.sum()) >= wanted:
            return best, places
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
