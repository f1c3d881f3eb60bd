"""Whether the weights of a model fit this machine at all, before they are fetched or read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from boot.serving.machine import Machine, gigabytes
from core.errors import ConfigError
from model.serving import BYTES_OF_WEIGHTS, Weights

STORED: Mapping[str, Weights] = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}


def require_room(config: Mapping[str, Any], stored: int, dtype: str, machine: Machine) -> None:
    """Raises ConfigError when the weights alone are more than there is."""
    taken = in_memory(config, stored, dtype, machine)
    if taken > machine.memory_bytes:
        free = gigabytes(machine.memory_bytes)
        raise ConfigError(
            f"The weights take {gigabytes(taken)}, and {machine.name} has {free} free.",
            hint="Take a smaller model, --dtype int4, or another engine: docs/serving.md.",
        )


def in_memory(config: Mapping[str, Any], stored: int, dtype: str, machine: Machine) -> int:
    """Of `stored` bytes in files; what is quantised there stays as it is."""
    if config.get("quantization_config"):
        return stored
    words = [config.get(key) for key in ("dtype", "torch_dtype")]
    kept = STORED.get(next((word for word in words if isinstance(word, str)), ""), "bf16")
    wanted = machine.weights if dtype == "auto" else cast(Weights, dtype)
    return int(stored * BYTES_OF_WEIGHTS[wanted] / BYTES_OF_WEIGHTS[kept])


def read_config(file: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(file)!r} cannot be read: {error}.", hint="Fetch it again.") from error
    return config if isinstance(config, dict) else {}
