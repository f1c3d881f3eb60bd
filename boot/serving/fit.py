"""Whether the weights of a model can be had on this machine at all, before they are fetched or read."""

import json
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, cast

from boot.serving.machine import Machine, gigabytes
from core.errors import ConfigError
from model.serving import BYTES_OF_WEIGHTS, QUANTISED, Weights

STORED: Mapping[str, Weights] = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}
REPLIES = ("CausalLM", "LMHead", "ForConditionalGeneration")
"""In what a configuration says that its model is."""
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
"""Where a configuration says how many there are: theirs are weights that quantising does not reach."""


def require_room(config: Mapping[str, Any], stored: int, dtype: str, machine: Machine) -> None:
    """Raises ConfigError when the weights alone are more than there is, or cannot be had in that form."""
    if dtype in QUANTISED:
        _require_plain(config, dtype)
    taken = in_memory(config, stored, dtype, machine)
    if taken > machine.memory_bytes:
        free = gigabytes(machine.memory_bytes)
        smaller = "--dtype int4, " if machine.makes_int4 and dtype != "int4" else ""
        raise ConfigError(
            f"The weights take {gigabytes(taken)}, and {machine.name} has {free} free.",
            hint=f"Take a smaller model, {smaller}or a GGUF file with --engine llama.cpp: docs/serving.md.",
        )


def require_kind(name: str, config: Mapping[str, Any], files: Iterable[str]) -> None:
    """Raises ConfigError for a model that neither replies nor makes vectors of texts."""
    heads = [head for head in config.get("architectures") or () if isinstance(head, str)]
    if "modules.json" in files or not heads or any(word in head for head in heads for word in REPLIES):
        return
    if not all(head.endswith("Model") for head in heads):
        raise ConfigError(
            f"{name!r} neither replies nor makes vectors of texts: it is a {heads[0]}.",
            hint="Name a model that does, such as Qwen/Qwen3-8B.",
        )


def _require_plain(config: Mapping[str, Any], dtype: str) -> None:
    kinds = [
        ("quantised already", bool(config.get("quantization_config"))),
        ("a mixture of experts", any(isinstance(config.get(key), int) for key in EXPERTS)),
    ]
    for kind, is_so in kinds:
        if is_so:
            raise ConfigError(
                f"--dtype {dtype} cannot make weights smaller here: this model is {kind}.",
                hint="Leave --dtype out, or take a GGUF file with --engine llama.cpp.",
            )


def in_memory(config: Mapping[str, Any], stored: int, dtype: str, machine: Machine) -> int:
    """Of `stored` bytes in files, at the most; what is quantised there stays as it is."""
    if config.get("quantization_config"):
        return stored
    words = [config.get(key) for key in ("dtype", "torch_dtype")]
    kept = STORED.get(next((word for word in words if isinstance(word, str)), ""), "bf16")
    bytes_kept = BYTES_OF_WEIGHTS[kept]
    is_smaller = dtype in QUANTISED
    if dtype == "auto" or (is_smaller and machine.device != "cuda"):  # read as they are first
        return int(stored * BYTES_OF_WEIGHTS[machine.weights] / bytes_kept)
    tables = min(stored, int(_table_entries(config) * bytes_kept)) if is_smaller else 0
    rest = (stored - tables) * BYTES_OF_WEIGHTS[cast(Weights, dtype)]
    return int((rest + tables * BYTES_OF_WEIGHTS["bf16"]) / bytes_kept)


def _table_entries(config: Mapping[str, Any]) -> int:
    """Of the tables of tokens, which are not quantised; 0 where the configuration does not say."""
    sizes = [config.get(key) for key in ("vocab_size", "hidden_size")]
    numbers = [size for size in sizes if isinstance(size, int)]
    return prod(numbers) * (1 if config.get("tie_word_embeddings") else 2) if len(numbers) == 2 else 0


def read_config(file: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(file)!r} cannot be read: {error}.", hint="Fetch it again.") from error
    return config if isinstance(config, dict) else {}
