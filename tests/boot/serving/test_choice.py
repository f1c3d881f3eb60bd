import pytest

from boot.serving.choice import EngineName, proposal
from boot.serving.machine import Machine
from core.errors import ConfigError
from model.serving import servable_models

MODELS = servable_models()


def card(gigabytes: float, cards: int = 1, *, makes_int4: bool = False) -> Machine:
    return Machine("cuda", "a card", int(gigabytes * 1e9), cards, makes_int4=makes_int4)


@pytest.mark.parametrize(
    ("machine", "engine", "proposed"),
    [
        (card(8), "native", ("Qwen/Qwen3-1.7B", "bf16", 1)),
        (card(16), "native", ("Qwen/Qwen3-4B-Instruct-2507", "bf16", 1)),
        (card(24), "native", ("Qwen/Qwen3-8B", "bf16", 1)),
        (card(80), "native", ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "bf16", 1)),
        (card(8, makes_int4=True), "native", ("Qwen/Qwen3-4B-Instruct-2507", "int4", 1)),
        (card(24, makes_int4=True), "native", ("Qwen/Qwen3-14B", "int4", 1)),
        (card(40, makes_int4=True), "native", ("Qwen/Qwen3-32B", "int4", 1)),
        (card(24, makes_int4=True), "vllm", ("Qwen/Qwen3-8B", "bf16", 1)),
        (card(24), "vllm", ("Qwen/Qwen3-8B", "bf16", 1)),
        (card(24, 4), "vllm", ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "bf16", 4)),
        (card(24), "llama.cpp", ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "gguf", 1)),
        (Machine("mps", "an Apple chip", 22_400_000_000), "native", ("Qwen/Qwen3-8B", "bf16", 1)),
        (Machine("cpu", "processor", 16_000_000_000, weights="fp32"), "native", ("Qwen/Qwen3-1.7B", "fp32", 1)),
        (Machine("cpu", "processor", 60_000_000_000, weights="bf16"), "native", ("Qwen/Qwen3-4B-Instruct-2507", "bf16", 1)),
        (Machine("cpu", "processor", 30_000_000_000), "llama.cpp", ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "gguf", 1)),
    ],
)  # fmt: skip
def test_the_most_able_model_that_fits_is_proposed(
    machine: Machine, engine: EngineName, proposed: tuple[str, str, int]
) -> None:
    found = proposal(machine, MODELS, engine, "auto", 1)

    assert (found.model.name, found.form, found.cards) == proposed
    assert found.window_tokens >= 16_384


def test_more_conversations_share_the_room() -> None:
    one, four = (proposal(card(80), MODELS, "native", "auto", slots) for slots in (1, 4))

    assert one.model == four.model
    assert four.window_tokens == one.window_tokens // 4 // 1024 * 1024


def test_a_machine_that_is_too_small_reads_both_numbers() -> None:
    with pytest.raises(ConfigError) as caught:
        proposal(card(4), MODELS, "native", "bf16", 1)

    assert str(caught.value) == (
        "Qwen/Qwen3-1.7B in bf16 takes 3.4 GB, with a window of use 6.8 GB; this machine has 4.0 GB free. "
        "Close what takes memory, or name a smaller model."
    )


@pytest.mark.parametrize(
    ("machine", "name", "taken", "downloaded"),
    [
        (card(24), "Qwen/Qwen3-14B", 16_324_131_840, 29_536_614_400),
        (Machine("cpu", "processor", 24_000_000_000, weights="fp32"), "Qwen/Qwen3-4B-Instruct-2507", 5_189_336_576, 8_044_936_192),
    ],
)  # fmt: skip
def test_eight_bits_are_reckoned_with_tables_that_are_not_made_smaller(
    machine: Machine, name: str, taken: int, downloaded: int
) -> None:
    found = proposal(machine, MODELS, "native", "int8", 1)

    assert (found.model.name, found.form) == (name, "int8")
    assert (found.weight_bytes, found.download_bytes) == (taken, downloaded)


def test_vllm_without_a_card_is_refused_with_what_would_do() -> None:
    with pytest.raises(ConfigError, match=r"nvidia-smi shows none\. Take --engine native"):
        proposal(Machine("cpu", "processor", 10**11), MODELS, "vllm", "auto", 1)
