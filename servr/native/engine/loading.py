"""From the name of a model to one that is ready to reply.

hub name or folder ─▶ weights on a device ─▶ a way to run them that is right ─▶ Loaded
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from core.errors import ConfigError
from servr.native.asking import ModelFacts
from servr.native.engine.conversations import Model
from servr.native.engine.detokenising import Spelling
from servr.native.engine.drafts import Draft
from servr.native.engine.engine import NativeEngine
from servr.native.engine.faults import Fault, attempt
from servr.native.engine.memory import free_bytes, says_out_of_memory
from servr.native.engine.packing import PackedModel
from servr.native.engine.quantising import FORMS, Quantiser, quantiser
from servr.native.engine.recording import faster
from servr.native.engine.tall import quicken, seconds_of
from servr.native.engine.trial import fitting
from servr.native.engine.writing import Writer

SHARE = 0.7
"""Of the memory that is free beside the weights, how much conversations may take; a step needs some too."""
LEAST_WINDOW = 512
UNKNOWN_WINDOW = 32_768
MOST_TOLD = 300


@dataclass(frozen=True)
class Wanted:
    """What is to be served, and how; what is left as it is here is found out."""

    model: str
    """A name on the hub, or a folder."""
    name: str = ""
    """What it is called in the API."""
    dtype: str = "auto"
    device: str = "auto"
    window_tokens: int | None = None
    slots: int = 8
    memory_bytes: int | None = None
    """For conversations."""


@dataclass(frozen=True)
class Loaded:
    model: Model
    tokenizer: Any
    """As transformers has it."""
    facts: ModelFacts
    memory_bytes: int


def load(wanted: Wanted) -> Loaded:
    """Raises `ConfigError`."""
    device = device_of(wanted.device)
    config = read(wanted, partial(AutoConfig.from_pretrained, wanted.model))
    tokenizer = read(wanted, partial(tokenizer_of, wanted.model))
    form = wanted.dtype if wanted.dtype in FORMS else None
    dtype = dtype_of("auto" if form else wanted.dtype, device)
    smaller = quantiser(form, device) if form else Quantiser()
    plain = read(wanted, partial(weights_of, wanted.model, dtype=dtype, config=config, **smaller.arguments))
    plain.requires_grad_(False).eval()
    smaller.work(plain)
    if not smaller.arguments:
        onto(plain, device, wanted)
    return ready(plain, tokenizer, wanted, device, form or str(dtype).removeprefix("torch."))


def ready(plain: Any, tokenizer: Any, wanted: Wanted, device: str, dtype: str) -> Loaded:
    """A model that is on its device, in the fastest way that is right; `dtype` is what it is called."""
    with torch.inference_mode():
        quicken(plain)
        model = slower = fitting(plain)
    memory = wanted.memory_bytes or int(free_bytes(device) * SHARE)
    window = window_of(plain.config, model, memory, wanted.window_tokens)
    model, memory = faster(model, device, slots=wanted.slots, window=window, memory=memory)
    window = window_of(plain.config, model, memory, wanted.window_tokens)  # of what is left beside places
    if isinstance(slower, PackedModel):
        slower.most_tokens = window
    facts = ModelFacts(
        name=wanted.name or Path(wanted.model).name,
        window_tokens=window,
        slots=wanted.slots,
        vocabulary=plain.get_input_embeddings().num_embeddings,
        end_tokens=ends_of(plain),
        dtype=dtype,
        device=device,
    )
    return Loaded(model, tokenizer, facts, memory)


def engine(loaded: Loaded, *, most_waiting: int = 32) -> NativeEngine:
    """Replies by the model; its thread begins at once."""
    spelling = Spelling(loaded.tokenizer.backend_tokenizer)
    ends = loaded.facts.end_tokens
    return NativeEngine(
        loaded.model,
        loaded.facts,
        lambda asked, now: Draft(asked, Writer(asked, spelling, ends), now),
        most_kept_bytes=loaded.memory_bytes,
        most_waiting=most_waiting,
    )


def read(wanted: Wanted, work: Callable[[], Any]) -> Any:
    """What comes of it; transformers may raise anything at a folder that is not whole."""
    outcome = attempt(work)
    if isinstance(outcome, Fault):
        reason = " ".join(str(outcome.error).split()) or type(outcome.error).__name__
        raise ConfigError(
            f"{wanted.model!r} cannot be loaded: {reason[:MOST_TOLD].removesuffix('.')}.",
            hint="Fetch it again, or name a folder with config.json, a tokenizer and .safetensors files.",
        ) from outcome.error
    return outcome


def tokenizer_of(model: str) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(model)
    if not hasattr(tokenizer, "backend_tokenizer") or not tokenizer.encode("a", add_special_tokens=False):
        raise ValueError("it has no tokenizer that knows any text, such as tokenizer.json")
    return tokenizer


def weights_of(model: str, *, config: Any, **arguments: Any) -> Any:
    """What the files do not have transformers would fill with random numbers, and only log that."""
    if config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise ValueError(f"a model of the kind {config.model_type!r} writes no texts, or not alone")
    plain, found = AutoModelForCausalLM.from_pretrained(
        model,
        config=config,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **arguments,
    )
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"{len(missing)} of its weights are missing, such as {missing[0]}")
    if others := sorted(name for name, *_ in found["mismatched_keys"]):
        raise ValueError(f"{len(others)} of its weights are not as its config.json says, such as {others[0]}")
    return plain


def device_of(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"There is no device {name!r} here.", hint="Leave it out: the best there is is taken."
        ) from error
    return name


def dtype_of(name: str, device: str) -> Any:
    if name == "auto":
        if device == "cpu":
            return torch.bfloat16 if is_fast_on_cpu(torch.bfloat16) else torch.float32
        has_it = device == "mps" or torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_it else torch.float16
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ConfigError(f"{name!r} is no dtype.", hint="Take auto, bfloat16, float16 or float32.")
    return dtype


def is_fast_on_cpu(dtype: Any, size: int = 1024) -> bool:
    """Whether it multiplies as fast as float32, one row and many: some processors only emulate bfloat16."""
    tried, usual = (torch.nn.Linear(size, size, bias=False, dtype=each) for each in (dtype, torch.float32))
    return all(seconds_of(tried, rows) <= seconds_of(usual, rows) for rows in (1, 64))


def onto(model: Any, device: str, wanted: Wanted) -> None:
    try:
        model.to(device)
    except RuntimeError as error:
        if not says_out_of_memory(error):
            raise
        size = sum(tensor.nbytes for tensor in model.parameters())
        raise ConfigError(
            f"{wanted.model!r} has {size >> 20} MiB of weights, more than {device} has free.",
            hint="Take a smaller model or --device cpu.",
        ) from error


def window_of(config: Any, model: Model, memory: int, wanted: int | None) -> int:
    trained = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None) or UNKNOWN_WINDOW
    begin, more = model.bytes_for(0), model.bytes_for(2 * UNKNOWN_WINDOW) - model.bytes_for(UNKNOWN_WINDOW)
    fitting = (memory - begin) * UNKNOWN_WINDOW // max(1, more)
    window = min(trained, wanted or trained)
    if fitting < min(LEAST_WINDOW, window):
        raise ConfigError(
            f"The memory that is left, {memory >> 20} MiB, is not enough for a conversation.",
            hint="Take a smaller model, or free some memory.",
        )
    return min(window, fitting)


def ends_of(model: Any) -> frozenset[int]:
    """What its makers say. None: no reply ends before its length."""
    ends = model.generation_config.eos_token_id if model.generation_config else None
    if ends is None:
        ends = model.config.eos_token_id
    several = ends if isinstance(ends, list | tuple) else [ends]
    return frozenset(end for end in several if end is not None)
