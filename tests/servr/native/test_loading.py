"""A folder that is not whole, or not of a model that writes, is refused in a sentence with the next step."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import ConfigError
from servr.native.engine.loading import Wanted, load
from tests.servr.native.models import Made

Folder = Callable[[Made], Path]
Change = Callable[[Path], object]
WEIGHTS, CONFIG = "model.safetensors", "config.json"


def configured(**more: object) -> Change:
    def change(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text())
        (folder / CONFIG).write_text(json.dumps(config | more))

    return change


def weighted(work: Callable[[dict[str, torch.Tensor]], object]) -> Change:
    def change(folder: Path) -> None:
        weights = load_file(folder / WEIGHTS)
        work(weights)
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})

    return change


def cut(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-5_000])


def without_a_shard(folder: Path) -> None:
    names = list(load_file(folder / WEIGHTS))
    (folder / WEIGHTS).rename(folder / "model-1.safetensors")
    places = dict.fromkeys(names, "model-1.safetensors") | {names[-1]: "model-2.safetensors"}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def pickled(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / CONFIG).unlink(), "config.json"),
        (lambda folder: (folder / CONFIG).write_text("{no"), "is not a valid JSON file"),
        (configured(model_type="unheard"), "`unheard`"),
        (configured(model_type="vit"), "a model of the kind 'vit' writes no texts, or not alone"),
        (configured(num_hidden_layers="two"), "num_hidden_layers"),
        (configured(num_attention_heads=0), "modulo by zero"),
        (configured(hidden_size=96), "21 of its weights are not as its config.json says, such as lm_head"),
        (cut, "file not fully covered"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b""), "header too small"),
        (lambda folder: (folder / WEIGHTS).unlink(), "no file named model.safetensors"),
        (weighted(lambda weights: weights.pop("model.norm.weight")), "1 of its weights are missing, such as"),
        (weighted(lambda weights: weights["model.norm.weight"].fill_(torch.nan)), "what is no number"),
        (without_a_shard, "model-2.safetensors"),
        (pickled, "no file named model.safetensors"),
        (without_tokenizer, "no tokenizer that knows any text"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be loaded"),
    ],
)
def test_what_is_wrong_with_a_folder_is_told(
    change: Change, told: str, tmp_path: Path, model_folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shutil.copytree(model_folder(Made(dtype="float32")), tmp_path, dirs_exist_ok=True)
    change(tmp_path)

    with pytest.raises(ConfigError) as raised:
        load(Wanted(str(tmp_path), dtype="float32", device="cpu", memory_bytes=64 << 20))

    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.hint
