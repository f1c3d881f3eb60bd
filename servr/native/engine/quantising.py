"""Weights in eight or four bits, made of those in sixteen when a model is loaded, so that it fits.

The tables of tokens stay as they are. torchao does it, or on an NVIDIA card bitsandbytes where that
alone is installed.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any

from core.errors import ConfigError

FORMS = ("int8", "int4")
GROUP = 128
"""Weights of four bits that share a scale."""
MOST_LEFT = 0.8
"""Of the bytes beside the tables; a model that keeps more has its weights elsewhere than in matrices."""


@dataclass(frozen=True)
class Quantiser:
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """For transformers, when it reads the weights."""
    work: Callable[[Any], None] = lambda model: None
    """What is done to the model that was read, before it goes to its device."""


def installed(name: str) -> bool:
    return find_spec(name) is not None


def computes_in_bf16() -> bool:
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def can_make(form: str, device: str) -> bool:
    try:
        quantiser(form, device)
    except ConfigError:
        return False
    return True


def quantiser(
    form: str,
    device: str,
    has: Callable[[str], bool] = installed,
    is_new: Callable[[], bool] = computes_in_bf16,
) -> Quantiser:
    """How weights of this form are made there.

    Args:
        form: one of `FORMS`.
        device: as torch calls it.
        has: whether a package is installed.
        is_new: whether the card is one that torchao's multiplication by four bits wants.

    Raises:
        ConfigError: nothing that is installed can do it.
    """
    on_card = device.startswith("cuda")
    if form == "int4" and not on_card:
        raise ConfigError(
            f"Weights in int4 need an NVIDIA card here, and this is {device!r}.",
            hint="Take --dtype int8, or a GGUF file with --engine llama.cpp.",
        )
    if has("torchao") and (form == "int8" or is_new()):
        return Quantiser(work=partial(by_torchao, form=form, device=device))
    if on_card and has("bitsandbytes") and has("accelerate"):
        return Quantiser({"quantization_config": _of_bitsandbytes(form), "device_map": {"": device}})
    if has("torchao"):
        raise ConfigError(
            f"Weights in {form} need a card that computes in bf16, and this one does not.",
            hint="Take --dtype int8, or pip install bitsandbytes accelerate.",
        )
    raise ConfigError(
        f"Weights in {form} need torchao, which is not installed.",
        hint=f"{sys.executable} -m pip install torchao",
    )


def by_torchao(model: Any, *, form: str, device: str) -> None:
    """In place, a matrix at a time; on a card each is taken there first.

    Raises:
        ConfigError: it would save hardly anything.
    """
    from torch import nn
    from torchao.quantization import Int4WeightOnlyConfig, Int8WeightOnlyConfig, quantize_

    if form == "int8":
        how = Int8WeightOnlyConfig()
    else:
        how = Int4WeightOnlyConfig(group_size=GROUP, int4_packing_format="tile_packed_to_4d")
    tables = _tables(model)
    before = weight_bytes(model)
    quantize_(
        model,
        how,
        filter_fn=lambda module, name: isinstance(module, nn.Linear) and id(module) not in tables,
        device=device if device.startswith("cuda") else None,
    )
    if weight_bytes(model) > before * MOST_LEFT:
        raise ConfigError(
            f"{type(model).__name__} has most of its weights where {form} does not reach them.",
            hint="Take --dtype auto, or another engine.",
        )


def weight_bytes(model: Any) -> int:
    """What the weights take as they are stored, without the tables of tokens."""
    tables = _tables(model)
    own = (module for module in model.modules() if id(module) not in tables)
    return sum(stored_bytes(weight) for module in own for weight in module.parameters(recurse=False))


def stored_bytes(tensor: Any) -> int:
    return sum(part.nbytes for part in _parts(tensor))


def _parts(tensor: Any) -> Iterator[Any]:
    """A quantised one consists of others, and says of itself what it stands for."""
    if not hasattr(tensor, "__tensor_flatten__"):
        yield tensor
        return
    for name in tensor.__tensor_flatten__()[0]:
        yield from _parts(getattr(tensor, name))


def _tables(model: Any) -> set[int]:
    """The modules that turn tokens into numbers, and back."""
    return {id(model.get_input_embeddings()), id(model.get_output_embeddings())}


def _of_bitsandbytes(form: str) -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    if form == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
