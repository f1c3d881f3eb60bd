"""Which models are proposed for serving, and what each takes: `serving.toml`, read when somebody serves."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TABLE = Path(__file__).with_name("serving.toml")

Weights = Literal["fp32", "bf16", "fp16", "int8", "int4"]

BYTES_OF_WEIGHTS: dict[Weights, float] = {"fp32": 4, "bf16": 2, "fp16": 2, "int8": 1, "int4": 0.5 + 4 / 128}
"""Of one weight. With `int4` each 128 share a scale and a zero of two bytes."""
QUANTISED: tuple[Weights, ...] = ("int8", "int4")


@dataclass(frozen=True, kw_only=True)
class ServableModel:
    name: str
    """At the hub."""
    parameters: int
    active_parameters: int
    """How many a token goes through; fewer than all in a mixture of experts."""
    embeddings: int
    """How many stay in 16 bits when the rest is quantised."""
    layers: int
    kv_heads: int
    head_dim: int
    window_tokens: int
    """The longest that it was trained for, without stretching."""
    licence: str
    gguf: str
    """Repository and quantisation of a GGUF file of it."""
    gguf_bytes: int

    @property
    def is_mixture(self) -> bool:
        return self.active_parameters < self.parameters

    def weight_bytes(self, weights: Weights, beside: Weights = "bf16") -> int:
        """`beside`: what the tables of tokens stay in when the rest is quantised."""
        if weights not in QUANTISED:
            return int(self.parameters * BYTES_OF_WEIGHTS[weights])
        rest = (self.parameters - self.embeddings) * BYTES_OF_WEIGHTS[weights]
        return int(self.embeddings * BYTES_OF_WEIGHTS[beside] + rest)

    def kv_bytes(self, weights: Weights) -> int:
        """Of keys and values, for each token of a conversation: never quantised."""
        return 2 * self.layers * self.kv_heads * self.head_dim * (4 if weights == "fp32" else 2)


def servable_models(table: Path = TABLE) -> tuple[ServableModel, ...]:
    """The more able first."""
    rows = tomllib.loads(table.read_text(encoding="utf-8"))["models"]
    return tuple(ServableModel(**row) for row in rows)
