"""The models that these tests are made with are like real ones where it matters."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.servr.native.models import FAMILIES, Made, make

pytestmark = pytest.mark.slow
ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Größe of 日本 \N{PARTY POPPER}?"},
]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_replies_in_its_own_words(family: str, model_folder: Callable[[Made], Path]) -> None:
    folder = model_folder(Made(family, dtype="float32"))
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)

    text = tokenizer.apply_chat_template(ASKED, add_generation_prompt=True, tokenize=False)
    prompt = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
    reply = model.generate(prompt, max_new_tokens=24, do_sample=False)[0, prompt.shape[1] :]

    assert ASKED[1]["content"] in tokenizer.decode(prompt[0])
    assert tokenizer.decode(model.generation_config.eos_token_id, skip_special_tokens=True) == ""
    assert model.dtype == torch.float32
    assert len(set(reply.tolist())) > 8


def test_the_same_model_is_made_again(model_folder: Callable[[Made], Path], tmp_path: Path) -> None:
    first, second = model_folder(Made()), make(tmp_path / "again", Made())

    names = [path.name for path in sorted(first.iterdir())]
    assert [(second / name).read_bytes() for name in names] == [(first / name).read_bytes() for name in names]
