"""How a model is run is found out by trying it."""

import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM

from core.errors import ConfigError
from servr.native.engine.packing import PackedModel
from servr.native.engine.trial import fitting
from servr.native.engine.whole import WholeModel

SHAPE = {
    "vocab_size": 300, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "initializer_range": 0.2, "max_position_embeddings": 256,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
LINEAR = {
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
}


def fitted(family: str, **more: object) -> object:
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**SHAPE | more)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    with torch.inference_mode():
        return fitting(model)


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("Gemma2", {"sliding_window": 8, "query_pre_attn_scalar": 16, "attn_logit_softcapping": 2.0}),
        ("GptOss", {"sliding_window": 8, **EXPERTS}),
        ("Phi3", {"sliding_window": 8}),
        ("Mixtral", EXPERTS),
        ("Cohere2", {"sliding_window": 8}),
        ("Olmo2", {}),
        ("GPT2", {}),
    ],
)
def test_attention_of_every_common_kind_is_packed(family: str, more: dict[str, object]) -> None:
    assert isinstance(fitted(family, **more), PackedModel)


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("Qwen3_5Text", LINEAR),
        ("Bloom", {}),  # its positions are added to the scores
        ("StableLm", {}),  # its attention is not told where conversations stand
        ("Llama4Text", {"attention_chunk_size": 8, "layer_types": ["chunked_attention"] * 2, **EXPERTS}),
    ],
)
def test_other_layers_run_one_conversation_at_a_time(family: str, more: dict[str, object]) -> None:
    model = fitted(family, **more)

    assert isinstance(model, WholeModel)
    assert model.bytes_for(100) > 0


def test_a_model_that_forgets_what_it_read_is_refused() -> None:
    with pytest.raises(ConfigError, match="Mamba2ForCausalLM cannot be served: its logits differ"):
        fitted("Mamba2", num_heads=8, n_groups=1, state_size=16)
