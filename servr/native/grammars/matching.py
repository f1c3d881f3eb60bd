"""A reply held to a grammar: what llguidance matches, as the engine's constraint."""

from typing import TYPE_CHECKING, Any

from servr.native.asking import Broken

if TYPE_CHECKING:
    from llguidance import LLMatcher
    from torch import Tensor

BYTES = 256


class Matched:
    """One reply and how far it has come."""

    def __init__(self, matcher: "LLMatcher", *, vocabulary: int) -> None:
        import torch

        self._matcher = matcher
        self._bits = torch.zeros((vocabulary + 31) // 32, dtype=torch.int32)  # (words,), a bit for each token
        self._addends: Any = None

    def mask(self, logits: "Tensor") -> None:
        import torch
        from torch.nn.functional import embedding

        self._check()
        self._matcher.unsafe_compute_mask_ptr(self._bits.data_ptr(), self._bits.nbytes)
        self._check()
        if self._addends is None:
            self._addends = addends().to(logits)  # (256, 8)
        octets = self._bits.view(torch.uint8).to(logits.device).int()  # (words * 4,)
        logits.add_(embedding(octets, self._addends).view(-1)[: len(logits)])

    def take(self, token: int) -> bool:
        return bool(self._matcher.try_consume_tokens([token]))

    @property
    def is_over(self) -> bool:
        return bool(self._matcher.is_stopped())

    def _check(self) -> None:
        if self._matcher.is_error():
            raise Broken(f"The grammar of this reply could not be followed: {self._matcher.get_error()}")


def addends() -> "Tensor":
    """For each value of eight bits what is added to eight logits: nothing for 1, -inf for 0."""
    import torch

    bits = torch.arange(BYTES).unsqueeze(1) >> torch.arange(8) & 1  # (256, 8)
    return torch.zeros(BYTES, 8).masked_fill_(bits == 0, float("-inf"))
