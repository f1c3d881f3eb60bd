"""A few tokens through a model in both ways: packed is only taken when it says what transformers says."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, DynamicCache

from core.errors import ConfigError
from servr.native.engine.conversations import Model, Piece
from servr.native.engine.faults import Fault, attempt
from servr.native.engine.packing import ATTENTION, PackedModel, attend
from servr.native.engine.whole import WholeModel

log = logging.getLogger(__name__)

PACKABLE = {"full_attention", "sliding_attention"}
ALLOWED = 0.05
"""Wrong attention changes them by about as much as they are spread; bfloat16 by a hundredth of that."""
ALLOWED_WHOLE = 0.3
"""Where transformers is compared with itself, only gross faults count."""
LENGTHS = (24, 9)
"""Of the two conversations of the trial, whose tokens are read in two pieces each."""


def fitting(plain: Any) -> Model:
    """The faster way to run the model that is right."""
    expected = [stock(plain, tokens) for tokens in trial_tokens(plain)]
    if any(bool(logits.isnan().any()) for logits in expected):
        raise ConfigError(
            f"{type(plain).__name__} in {plain.dtype} answers with what is no number: "
            "its weights are damaged, or too large for that.",
            hint="Take another --dtype, or fetch it again.",
        )
    reason = unpackable(plain.config)
    if not reason:
        usual = plain.config._attn_implementation
        tried = attempt(partial(packed, plain, expected))
        if isinstance(tried, PackedModel):
            log.info("%s runs packed", type(plain).__name__)
            return tried
        plain.set_attn_implementation(usual)
        reason = str(tried.error)
    log.warning("%s runs one conversation at a time: %s", type(plain).__name__, reason)
    outcome = attempt(partial(whole, plain, expected))
    if isinstance(outcome, Fault):
        raise ConfigError(
            f"{type(plain).__name__} cannot be served: {outcome.error}",
            hint="Take a model of another kind, or another engine.",
        ) from outcome.error
    return outcome


def unpackable(config: Any) -> str:
    """Why a model of this configuration cannot be packed, as far as that tells; empty when it does not."""
    text = config.get_text_config(decoder=True)
    strange = sorted(set(getattr(text, "layer_types", None) or ()) - PACKABLE)
    return f"it has layers of {', '.join(strange)}" if strange else ""


def packed(plain: Any, expected: Sequence[Tensor]) -> PackedModel:
    """Raises whatever goes wrong."""
    AttentionInterface.register(ATTENTION, attend)
    plain.set_attn_implementation(ATTENTION)
    model = PackedModel(plain, alone=looks_at_lengths(plain.config))
    conversations = [model.begin() for _ in expected]
    found = []
    for number in range(2):  # two pieces each
        news = [half(tokens, number) for tokens in trial_tokens(plain)]
        pieces = [Piece(each, new, len(new)) for each, new in zip(conversations, news, strict=True)]
        rows = [model.read(group) for group in model.groups(pieces)]
        found.append(torch.cat(rows).split([len(new) for new in news]))
    for right, parts in zip(expected, zip(*found, strict=True), strict=True):
        if told := difference(right, torch.cat(parts)):
            raise ValueError(told)
    model.token_bytes = conversations[0].memory.bytes // conversations[0].memory.capacity
    return model


def whole(plain: Any, expected: Sequence[Tensor]) -> WholeModel:
    """Raises ValueError when the model does not go on from what it has read."""
    model = WholeModel(plain, partial(DynamicCache, config=plain.config))
    for tokens, right in zip(trial_tokens(plain), expected, strict=True):
        conversation, found, sizes = model.begin(), [], []
        for new in (half(tokens, 0), half(tokens, 1)):
            found.append(model.read([Piece(conversation, new, len(new))]))
            sizes.append(conversation.bytes)
        if told := difference(right, torch.cat(found), ALLOWED_WHOLE):
            raise ValueError(told)
        model.token_bytes = (sizes[1] - sizes[0]) // len(half(tokens, 1))
        model.fixed_bytes = sizes[1] - model.token_bytes * len(tokens)
    return model


def stock(plain: Any, tokens: Sequence[int]) -> Tensor:
    """(tokens, vocabulary), all at once and as transformers does it."""
    row = torch.tensor([tokens], device=plain.device)
    return plain(input_ids=row, use_cache=False).logits[0]


def trial_tokens(plain: Any) -> list[list[int]]:
    vocabulary = plain.get_input_embeddings().num_embeddings
    return [[(7 + 31 * place * place) % vocabulary for place in range(length)] for length in LENGTHS]


def half(tokens: Sequence[int], number: int) -> Sequence[int]:
    middle = len(tokens) * 2 // 3
    return tokens[:middle] if number == 0 else tokens[middle:]


def difference(expected: Tensor, found: Tensor, allowed: float = ALLOWED) -> str:
    """In words, when it is more than numbers of their width show when they are added in another order."""
    expected, found = expected.float(), found.float()
    share = float((expected - found).square().mean().sqrt() / expected.std())
    return "" if share <= allowed else f"its logits differ by {share:.2g} of their spread"


def looks_at_lengths(config: Any) -> bool:
    """Whether the longest conversation of a step changes the positions of all."""
    text = config.get_text_config(decoder=True)
    scaling = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
    return any(kind in str(scaling) for kind in ("dynamic", "longrope"))
