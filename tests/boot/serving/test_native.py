import json
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import pytest

from boot.serving.asked import Asked
from boot.serving.fit import in_memory, require_kind
from boot.serving.machine import Machine
from boot.serving.native import model_folder, ready, require_form
from boot.stamp import Checkout
from core.errors import ConfigError

LACKING = ("json", "no_such_torch")
CPU = Machine("cpu", "processor", 1_000, weights="fp32")


def checkout(root: Path, *extras: str) -> Checkout:
    """Looks like one that was set up with these extras."""
    found = Checkout(str(root))
    (root / "pyproject.toml").touch()
    (root / "constraints.txt").touch()
    Path(found.python).parent.mkdir(parents=True)
    Path(found.python).touch()
    (root / ".venv/pyvenv.cfg").touch()
    stamp = {"lock": found.lock_hash(), "python": "3.11", "extras": extras}
    Path(found.stamp_file).write_text(json.dumps(stamp))
    return found


def test_where_all_is_installed_nothing_is_done(tmp_path: Path) -> None:
    assert ready(Asked(), Checkout(str(tmp_path)), ("json",)) is None


def test_an_installed_package_is_told_what_pip_has_to_bring(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        ready(Asked(), Checkout(str(tmp_path)), LACKING)

    assert str(caught.value) == "Roost's own server needs no_such_torch. pip install 'roost[native]'"


def test_a_set_up_that_lost_a_package_is_not_begun_for_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="was set up with no_such_torch, which is gone"):
        ready(Asked(yes=True), checkout(tmp_path, "native"), LACKING)


def test_what_pip_would_install_is_told_with_its_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="Install that"):
        ready(Asked(), checkout(tmp_path, "shell"), LACKING)

    assert "needs no_such_torch, which pip installs into" in capsys.readouterr().err


def test_a_folder_that_does_not_fit_is_told_with_both_numbers(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"dtype": "bfloat16"}')
    (tmp_path / "model.safetensors").write_bytes(bytes(1_000_000))

    with pytest.raises(ConfigError, match=r"The weights take 2\.0 MB, and processor has 0\.0 MB free"):
        model_folder(Asked(model=str(tmp_path)), CPU)


def written(folder: Path, **config: object) -> Asked:
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(bytes(1_000_000))
    return Asked(model=str(folder), dtype="int8")


@pytest.mark.parametrize(
    ("head", "is_known"),
    [
        ("Qwen3ForCausalLM", True),
        ("GPT2LMHeadModel", True),
        ("Gemma3ForConditionalGeneration", True),
        ("BertModel", True),
        ("BertForMaskedLM", False),
        ("ViTForImageClassification", False),
    ],
)
def test_a_model_that_neither_replies_nor_makes_vectors_is_told_so_unread(head: str, is_known: bool) -> None:
    with (
        nullcontext()
        if is_known
        else pytest.raises(ConfigError, match=f"nor makes vectors of texts: it is a {head}")
    ):
        require_kind("some/model", {"architectures": [head]}, ["config.json"])

    require_kind("some/model", {"architectures": [head]}, ["config.json", "modules.json"])


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"quantization_config": {"quant_method": "awq"}}, "quantised already"),
        ({"num_experts": 128}, "a mixture of experts"),
    ],
)
def test_weights_that_cannot_be_made_smaller_are_refused_unread(
    config: dict[str, object], kind: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        model_folder(written(tmp_path, **config), CPU)

    assert str(caught.value) == (
        f"--dtype int8 cannot make weights smaller here: this model is {kind}. "
        "Leave --dtype out, or take a GGUF file with --engine llama.cpp."
    )


@pytest.mark.parametrize(
    ("device", "dtype", "taken"),
    [("cuda", "auto", 1_000_000), ("cuda", "int8", 520_000), ("cuda", "int4", 295_000), ("cpu", "int8", 1_000_000)],
)  # fmt: skip
def test_tables_are_not_made_smaller_and_shared_memory_holds_both(
    device: Literal["cuda", "cpu"], dtype: str, taken: int
) -> None:
    config = {"dtype": "bfloat16", "vocab_size": 1_000, "hidden_size": 20, "tie_word_embeddings": True}

    assert in_memory(config, 1_000_000, dtype, Machine(device, "it", 10**9)) == taken


def test_four_bits_that_cannot_be_had_are_refused_before_anything_is_fetched() -> None:
    with pytest.raises(ConfigError, match="Weights in int4 need an NVIDIA card here, and this is 'cpu'"):
        require_form("int4", "cpu", can_all=True)
    require_form("int4", "cuda", can_all=True)
    require_form("bf16", "cpu")
