"""Makes models of random weights, each a folder as the hub has them: configuration, weights, tokenizer, template.

The same arguments make the same model, and the same prompt the same reply, on one machine.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers import models as kinds
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GenerationConfig,
    Lfm2Config,
    LlamaConfig,
    MistralConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
    Qwen3NextConfig,
)

from tests.servr.native.templates import GEMMA, LFM, LLAMA, MISTRAL, QWEN2, qwen3

READ_TEXTS = Path(__file__).with_name("learned.txt")
"""What tokenizers are trained on: prose about software, in parts. Another text would make other models."""
LEARNED = 1_500
TINY = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "initializer_range": 0.2,  # wide: narrow weights say one token for ever
}
QWEN_CONTROLS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
)
QWEN_MARKS = (
    *("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),
    *("<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>"),
)


@dataclass(frozen=True)
class Family:
    config: type[PretrainedConfig]
    template: str
    controls: tuple[str, ...]
    """Special tokens: they are left out where text without them is asked for."""
    ends: tuple[str, ...]
    """Those of them that end a turn."""
    marks: tuple[str, ...] = ()
    """Tokens of their own that are not special."""
    begin: str | None = None
    """What a text begins with."""
    more: Mapping[str, object] = field(default_factory=dict)
    """Of its configuration."""


QWEN3 = Family(Qwen3Config, qwen3(), QWEN_CONTROLS, ("<|im_end|>", "<|endoftext|>"), QWEN_MARKS)
FAMILIES = {
    "qwen2": Family(Qwen2Config, QWEN2, QWEN_CONTROLS, QWEN3.ends, QWEN_MARKS[:8]),
    "qwen3": QWEN3,
    "qwen3_moe": Family(  # its experts are multiplied together, which torch does not do in float64
        Qwen3MoeConfig, qwen3(), QWEN_CONTROLS, QWEN3.ends, QWEN_MARKS,
        more={"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64},
    ),
    "qwen3_next": Family(  # its linear layers remember all that was read: nothing can be cropped
        Qwen3NextConfig, qwen3(), QWEN_CONTROLS, QWEN3.ends, QWEN_MARKS,
        more={
            "layer_types": ["linear_attention", "full_attention"],
            "linear_num_key_heads": 2, "linear_num_value_heads": 4,
            "linear_key_head_dim": 16, "linear_value_head_dim": 16, "num_experts": 0,
        },
    ),
    "llama": Family(
        LlamaConfig, LLAMA,
        (
            *("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"),
            *("<|eom_id|>", "<|eot_id|>", "<|python_tag|>"),
        ),
        ("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"),
        begin="<|begin_of_text|>",
    ),
    "mistral": Family(  # every layer looks at the last 48 tokens only
        MistralConfig, MISTRAL,
        (
            *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
            *("[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[ARGS]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
        ),
        ("</s>",),
        begin="<s>",
        more={"sliding_window": 48},
    ),
    "gemma3": Family(  # every other layer looks at the last 48 tokens only
        Gemma3TextConfig, GEMMA,
        ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
        ("<end_of_turn>", "<eos>"),
        begin="<bos>",
        more={
            "sliding_window": 48, "layer_types": ["sliding_attention", "full_attention"], "query_pre_attn_scalar": 16,
            "tie_word_embeddings": False,  # tied, it says one token for ever
        },
    ),
    "lfm2": Family(  # short convolutions beside attention: nothing can be cropped
        Lfm2Config, LFM,
        (
            *("<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>"),
            *("<|tool_list_start|>", "<|tool_list_end|>", "<|tool_call_start|>", "<|tool_call_end|>"),
            *("<|tool_response_start|>", "<|tool_response_end|>"),
        ),
        ("<|im_end|>", "<|endoftext|>"),
        begin="<|startoftext|>",
        more={"layer_types": ["conv", "full_attention"]},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What model is wanted."""

    family: str = "qwen3"
    dtype: str = "float64"
    """As torch calls it. In float64, cached and uncached logits are so alike that greedy replies are equal."""
    window: int = 4_096
    seed: int = 7
    ends: bool = True
    """Whether its end tokens end its replies; else it says as much as it may."""
    unused: int = 60
    """How many tokens more the model has than its tokenizer."""


def make(folder: Path, made: Made) -> Path:
    family = FAMILIES[made.family]
    tokenizer = trained(family, made.window)
    tokenizer.save_pretrained(folder)
    ends = list(tokenizer.convert_tokens_to_ids(list(family.ends)))
    names = {"bos_token_id": tokenizer.bos_token_id, "pad_token_id": tokenizer.pad_token_id}
    shape = TINY | dict(family.more) | {"max_position_embeddings": made.window}
    config = family.config(vocab_size=len(tokenizer) + made.unused, eos_token_id=ends, **names, **shape)
    return write(folder, config, GenerationConfig(eos_token_id=ends if made.ends else None, **names), made)


@dataclass(frozen=True)
class Large:
    """A model with the tokenizer of Qwen3, to measure with; as it stands here, one of 103 million weights."""

    hidden: int = 512
    layers: int = 8
    spread: float = 0.1
    """Of its weights; with 0.02 it says one token for ever."""
    dtype: str = "float32"
    window: int = 16_384


def make_large(folder: Path, large: Large = Large()) -> Path:
    """Its tokenizer is the one that ROOST_QWEN3_TOKENIZER names. It ends no reply."""
    folder.mkdir(parents=True, exist_ok=True)
    real = Path(os.environ["ROOST_QWEN3_TOKENIZER"])
    for file in (real, real.with_name("tokenizer_config.json")):
        shutil.copy(file, folder)
    config = Qwen3Config(
        vocab_size=151_936, hidden_size=large.hidden, intermediate_size=3 * large.hidden,
        num_hidden_layers=large.layers, num_attention_heads=large.hidden // 64,
        num_key_value_heads=max(large.hidden // 128, 1), head_dim=64, tie_word_embeddings=True,
        max_position_embeddings=large.window, eos_token_id=None, bos_token_id=151_643,
        initializer_range=large.spread,
    )  # fmt: skip
    return write(folder, config, GenerationConfig(eos_token_id=None), Made(dtype=large.dtype))


def write(folder: Path, config: PretrainedConfig, generation: GenerationConfig, made: Made) -> Path:
    torch.manual_seed(made.seed)
    model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, made.dtype))
    model.generation_config = generation
    model.save_pretrained(folder)
    if not made.ends:
        forget_ends(folder / "config.json")
    return folder


def forget_ends(path: Path) -> None:
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"eos_token_id": None}, indent=2) + "\n")


def trained(family: Family, window: int) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(kinds.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=LEARNED, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(READ_TEXTS.read_text(encoding="utf-8").split("\f"), trainer)
    tokenizer.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in family.controls]
    )
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in family.marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, chat_template=family.template, bos_token=family.begin,
        eos_token=family.ends[0], pad_token=family.ends[-1], model_max_length=window,
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
