"""Which model, in which weights, fits a machine.

table, the more able first ─► in what the machine computes ─► the first that fits with a window of use
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from boot.serving.machine import GIBI, Machine, gigabytes
from core.errors import ConfigError
from model.serving import QUANTISED, ServableModel, Weights

EngineName = Literal["native", "vllm", "sglang", "llama.cpp"]
ENGINES: tuple[EngineName, ...] = ("native", "vllm", "sglang", "llama.cpp")
DTYPES = ("auto", "bf16", "fp16", "fp32", "int8", "int4")

USEFUL_WINDOW = 16_384
"""Below that a window is small for work on code."""
MOST_READ_BYTES = 9_000_000_000
"""Of weights for each token on a processor: more would be read for too long."""
ROUND_TOKENS = 1_024

Form = Weights | Literal["gguf"]


@dataclass(frozen=True)
class Proposal:
    model: ServableModel
    form: Form
    weight_bytes: int
    window_tokens: int
    """For each of the conversations that are held at once."""
    cards: int = 1

    @property
    def download_bytes(self) -> int:
        """Quantised weights are made of those in 16 bits, when the model is loaded."""
        return self.weight_bytes if self.form == "gguf" else self.model.weight_bytes("bf16")

    @property
    def described(self) -> str:
        form = "as a GGUF file in 4 bits" if self.form == "gguf" else f"in {self.form}"
        many = f" on {self.cards} cards" if self.cards > 1 else ""
        return f"{self.model.name} {form}{many} takes {gigabytes(self.weight_bytes)}"


def proposal(
    machine: Machine, models: Sequence[ServableModel], engine: EngineName, dtype: str, slots: int
) -> Proposal:
    """The most able model that fits.

    Raises:
        ConfigError: none does; it names what the smallest takes, and what there is.
    """
    if engine in ("vllm", "sglang") and machine.device != "cuda":
        raise ConfigError(
            f"{engine} wants an NVIDIA graphics card, and nvidia-smi shows none.",
            hint="Take --engine native or --engine llama.cpp, or name the model yourself.",
        )
    for model in models:
        for found in fittings(machine, model, engine, dtype, slots):
            if found.window_tokens >= USEFUL_WINDOW and _is_quick(machine, found):
                return found
    smallest = [*fittings(machine, models[-1], engine, dtype, slots)][-1]
    raise too_large(machine, smallest, slots)


def fittings(
    machine: Machine, model: ServableModel, engine: EngineName, dtype: str, slots: int
) -> Iterator[Proposal]:
    """What there is to try, the best first; with a window of 0 where it does not fit.

    A mixture of experts is not quantised here: its weights are not where that reaches them.
    """
    for form in _forms(machine, model, engine, dtype):
        for cards in _cards(machine, engine):
            yield _fitting(machine, model, form, slots, cards)


def too_large(machine: Machine, found: Proposal, slots: int) -> ConfigError:
    per_token = found.model.kv_bytes(_computed_in(machine, found.form))
    taken = found.weight_bytes + USEFUL_WINDOW * slots * per_token + spare_bytes(machine)
    return ConfigError(
        f"{found.described}, with a window of use {gigabytes(taken)}; "
        f"this machine has {gigabytes(machine.memory_bytes * found.cards)} free.",
        hint="Close what takes memory, or name a smaller model.",
    )


def spare_bytes(machine: Machine) -> int:
    """What is left for everything that is neither weights nor conversations."""
    return GIBI + machine.memory_bytes // 10


def _forms(machine: Machine, model: ServableModel, engine: EngineName, dtype: str) -> Iterator[Form]:
    if engine == "llama.cpp":
        yield "gguf"
    elif dtype == "auto":
        yield machine.weights
        if engine == "native" and machine.makes_int4 and not model.is_mixture:
            yield "int4"
    elif model.is_mixture and dtype in QUANTISED:
        return
    else:
        yield from (form for form in ("bf16", "fp16", "fp32", "int8", "int4") if form == dtype)


def _cards(machine: Machine, engine: EngineName) -> Sequence[int]:
    if engine == "llama.cpp":
        return (max(1, machine.cards),)
    if engine == "native":
        return (1,)
    return [count for count in (1, 2, 4, 8) if count <= max(1, machine.cards)]


def _fitting(machine: Machine, model: ServableModel, form: Form, slots: int, cards: int) -> Proposal:
    computed = _computed_in(machine, form)
    taken = model.gguf_bytes if form == "gguf" else model.weight_bytes(form, computed)
    memory = (machine.memory_bytes - spare_bytes(machine)) * cards
    if form in QUANTISED and machine.device != "cuda" and model.weight_bytes(computed) > memory:
        memory = 0  # they are read as they are first, into the same memory
    tokens = max(0, memory - taken) // model.kv_bytes(computed) // slots // ROUND_TOKENS * ROUND_TOKENS
    return Proposal(model, form, taken, min(tokens, model.window_tokens), cards)


def _computed_in(machine: Machine, form: Form) -> Weights:
    """Of that are keys and values, and the tables of tokens, too."""
    if form in QUANTISED:
        return machine.weights
    return "fp16" if form == "gguf" else form


def _is_quick(machine: Machine, found: Proposal) -> bool:
    share = found.model.active_parameters / found.model.parameters
    return machine.device != "cpu" or found.weight_bytes * share <= MOST_READ_BYTES
