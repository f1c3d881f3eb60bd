"""Weights in eight bits: loaded, smaller, still a model that replies; and a plain no to what cannot be had."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from core.errors import ConfigError
from servr.native.engine.loading import ends_of
from servr.native.engine.quantising import by_torchao, quantiser, stored_bytes, weight_bytes
from tests.servr.native.engines import loaded, prompt_of, question, reply, running
from tests.servr.native.models import Made

pytestmark = pytest.mark.slow
Folder = Callable[[Made], Path]


def read(folder: Path, dtype: torch.dtype = torch.float32) -> AutoModelForCausalLM:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).requires_grad_(False).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_eight_bits_take_less_and_say_nearly_the_same(dtype: torch.dtype, model_folder: Folder) -> None:
    plain, small = (read(model_folder(Made(dtype="float32")), dtype) for _ in range(2))
    row = torch.tensor([prompt_of(60)])

    quantiser("int8", "cpu").work(small)

    exact, rough = (each(input_ids=row, use_cache=False).logits.float() for each in (plain, small))
    assert weight_bytes(small) < weight_bytes(plain) * (0.35 if dtype is torch.float32 else 0.65)
    assert float((exact - rough).std() / exact.std()) < 0.05


async def test_a_quantised_model_replies_through_the_engine(model_folder: Folder) -> None:
    folder = model_folder(Made(dtype="float32", ends=False))
    served = loaded(folder, dtype="int8")
    prompt = prompt_of(80)
    small = read(folder)
    quantiser("int8", "cpu").work(small)

    async with running(served) as engine:
        told = await reply(engine, question(prompt, 12, lookup=False))

    with torch.inference_mode():
        logits = small(input_ids=torch.tensor([[*prompt, *told.tokens[:-1]]]), use_cache=False).logits[0]
    places = logits[len(prompt) - 1 :]
    taken = places.gather(-1, torch.tensor(told.tokens)[:, None])[:, 0]
    # Activations are rounded to eight bits as well: where two tokens are nearly as likely, either may be said.
    assert float((places.amax(-1) - taken).max() / places.std()) < 0.05
    assert served.facts.dtype == "int8"
    assert served.facts.end_tokens == ends_of(small)


def test_a_plain_tensor_takes_what_it_takes() -> None:
    assert stored_bytes(torch.zeros(3, 5, dtype=torch.bfloat16)) == 30


def test_a_model_whose_weights_are_elsewhere_is_refused(model_folder: Folder) -> None:
    model = read(model_folder(Made("qwen3_moe", dtype="float32")))

    with pytest.raises(ConfigError, match="Qwen3MoeForCausalLM has most of its weights where int8 does not"):
        by_torchao(model, form="int8", device="cpu")


@pytest.mark.parametrize(
    ("form", "device", "there", "told"),
    [
        ("int4", "cpu", {"torchao"}, "Weights in int4 need an NVIDIA card here, and this is 'cpu'."),
        ("int4", "mps", {"torchao"}, "Weights in int4 need an NVIDIA card here, and this is 'mps'."),
        ("int8", "cpu", {"bitsandbytes"}, "Weights in int8 need torchao, which is not installed."),
        ("int4", "cuda", set(), "Weights in int4 need torchao, which is not installed."),
        ("int8", "cuda:1", {"bitsandbytes"}, "Weights in int8 need torchao, which is not installed."),
    ],
)
def test_what_cannot_be_had_is_refused_in_a_sentence(
    form: str, device: str, there: set[str], told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        quantiser(form, device, there.__contains__)

    assert str(caught.value).startswith(told)


def test_an_old_card_makes_no_four_bits_by_torchao() -> None:
    with pytest.raises(ConfigError, match="need a card that computes in bf16, and this one does not"):
        quantiser("int4", "cuda", {"torchao"}.__contains__, lambda: False)

    assert quantiser("int8", "cuda", {"torchao"}.__contains__, lambda: False).arguments == {}


def test_a_card_takes_torchao_before_bitsandbytes() -> None:
    both, one = (quantiser("int4", "cuda", there.__contains__, lambda: True) for there in (
        {"torchao", "bitsandbytes", "accelerate"}, {"bitsandbytes", "accelerate"},
    ))  # fmt: skip

    assert both.arguments == {}
    assert one.arguments["quantization_config"].load_in_4bit
    assert one.arguments["device_map"] == {"": "cuda"}
    assert (
        quantiser("int8", "cuda", {"bitsandbytes", "accelerate"}.__contains__)
        .arguments["quantization_config"]
        .load_in_8bit
    )
