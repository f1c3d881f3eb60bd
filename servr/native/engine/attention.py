"""Attention of one conversation's newest tokens to all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

REFUSED = ("position_bias", "cache")


@dataclass(frozen=True)
class Look:
    """How a layer looks back, as transformers tells its attention function."""

    scaling: float | None
    window: int | None = None
    """How many of the last tokens are seen, the newest included; None: all."""
    softcap: float | None = None
    """Scores are squeezed between this and minus this."""
    sinks: Tensor | None = None
    """(heads,) scores of nothing at all, which take their share."""

    @staticmethod
    def of(others: Mapping[str, Any], scaling: float | None) -> "Look":
        strange = [name for name in REFUSED if others.get(name) is not None]
        if strange:
            raise NotImplementedError(f"attention with {', '.join(strange)}")
        return Look(scaling, others.get("sliding_window"), others.get("softcap"), others.get("s_aux"))


Masks = dict[int | None, Tensor]
"""By the width of the window."""


def attended(query: Tensor, keys: Tensor, values: Tensor, look: Look, masks: Masks) -> Tensor:
    """(1, heads, new, width) and (fewer heads, all, width) to (1, new, heads, width)."""
    new, length = query.shape[2], keys.shape[1]
    if look.window is not None and length > look.window + new - 1:  # what none of them sees
        keys, values = keys[:, 1 - look.window - new :], values[:, 1 - look.window - new :]
        length = keys.shape[1]
    window = None if look.window is None or length <= look.window else look.window
    if look.softcap is not None or look.sinks is not None:
        return by_hand(query, keys, values, look, mask_of(query, length, window, masks))
    if new == 1:
        grouped = query.reshape(1, keys.shape[0], -1, query.shape[3])  # heads that share keys are rows
        result = scaled_dot_product_attention(grouped, keys[None], values[None], scale=look.scaling)
        return result.reshape(1, 1, -1, values.shape[2])
    whole = length == new and window is None
    result = scaled_dot_product_attention(
        query,
        keys[None],
        values[None],
        attn_mask=None if whole else mask_of(query, length, window, masks),
        is_causal=whole,
        scale=look.scaling,
        enable_gqa=query.shape[1] != keys.shape[0],
    )
    return result.transpose(1, 2)


def mask_of(query: Tensor, length: int, window: int | None, masks: Masks) -> Tensor:
    """(new, length): 0 where a token is seen, -inf where not. The layers of a step share it."""
    found = masks.get(window)
    if found is None or found.shape[1] != length:
        new = query.shape[2]
        ones = torch.ones(new, length, dtype=torch.bool, device=query.device)
        seen = ones.tril(length - new)
        if window is not None:
            seen = seen.triu(length - new - window + 1)
        found = torch.zeros(new, length, dtype=query.dtype, device=query.device)
        masks[window] = found.masked_fill_(~seen, float("-inf"))
    return found


def by_hand(query: Tensor, keys: Tensor, values: Tensor, look: Look, mask: Tensor) -> Tensor:
    """What no fused kernel does: squeezed scores, and sinks."""
    new, width = query.shape[2:]
    grouped = query.reshape(keys.shape[0], -1, new, width)  # (heads of keys, heads that share, new, width)
    scale = width**-0.5 if look.scaling is None else look.scaling
    scores = grouped @ keys[:, None].transpose(2, 3) * scale
    if look.softcap is not None:
        scores = torch.tanh(scores / look.softcap) * look.softcap
    scores = scores + mask
    if look.sinks is not None:
        sinks = look.sinks.reshape(*scores.shape[:2], 1, 1).expand(*scores.shape[:3], 1)
        scores = torch.cat((scores, sinks), dim=3)
    exact = torch.promote_types(scores.dtype, torch.float32)
    weights = scores.softmax(dim=3, dtype=exact)[..., : keys.shape[1]].to(values.dtype)
    return (weights @ values[:, None]).reshape(1, -1, new, values.shape[2]).transpose(1, 2)
