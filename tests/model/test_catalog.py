from pathlib import Path

import pytest

from core.profile import ModelProfile, Sampling
from model.catalog import profile_of
from tests.processes import printed_by

NAMES = {
    "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ": "qwen2.5",
    "qwen3:8b": "qwen3",
    "qwq:32b": "qwen3",
    "Qwen3-4B-Instruct-2507": "qwen3-instruct",
    "qwen/qwen3-30b-a3b-thinking-2507@q4_k_m": "qwen3",
    "qwen3.6:27b": "qwen3.5",
    "Qwen3.8-27B-UD-Q4_K_XL.gguf": "qwen3.8",
    "Qwen3-Coder-30B-A3B-Instruct-UD-Q4_K_XL.gguf": "qwen3-coder",
    "Qwen3-Coder-Next-Q4_K_M-00001-of-00002.gguf": "qwen3-coder-next",
    "codellama-7b-instruct.Q4_K_M.gguf": "codellama",
    "llama3:latest": "llama3.0",
    "Meta-Llama-3-8B-Instruct": "llama3.0",
    "llama3.1:8b": "llama3",
    "meta-llama/Llama-3.3-70B-Instruct": "llama3",
    "Llama-4-Scout-17B-16E-Instruct": "llama4",
    "mistral:7b": "mistral",
    "Mistral-7B-Instruct-v0.2-GPTQ": "mistral-v0.1",
    "mistral-small3.2:24b": "mistral-small",
    "Mistral-Nemo-Instruct-2407": "mistral-nemo",
    "ministral-3:8b": "ministral",
    "mistralai/Ministral-3-8B-Reasoning-2512": "ministral-reasoning",
    "mistralai/Ministral-3-14B-Reasoning-2512": "ministral-reasoning-14b",
    "mistral-small-4:119b-2603-q4_K_M": "mistral-small-4",
    "Mistral-Large-3-675B-Instruct-2512": "mistral-large-3",
    "devstral-small-2:24b": "devstral",
    "magistral:24b": "magistral",
    "deepseek-r1:8b": "deepseek-r1-distill",
    "deepseek-r1:671b": "deepseek-r1",
    "DeepSeek-R1-Distill-Qwen-7B": "deepseek-r1-distill",
    "deepseek-v3.2-exp": "deepseek-v3.2",
    "deepseek-ai/DeepSeek-V4-Flash": "deepseek-v4",
    "deepseek-coder:6.7b": "deepseek-coder",
    "zai-org/GLM-4.5-Air-FP8": "glm",
    "glm-4.7-flash": "glm-4.7",
    "zai-org/GLM-5-FP8": "glm-5",
    "glm-5.1": "glm-5",
    "zai-org/GLM-5.2": "glm-5.2",
    "GLM-4-32B-0414-Q4_K_M.gguf": "glm-4-0414",
    "glm4:9b": "glm-4-0414",
    "THUDM/GLM-Z1-9B-0414": "glm-z1",
    "openai/gpt-oss-20b": "gpt-oss",
    "gemma3:12b-it-qat": "gemma3",
    "gemma-2-9b-it-IQ4_XS": "gemma2",
    "gemma4:26b": "gemma4",
    "phi4:14b": "phi",
    "microsoft/Phi-4-mini-instruct": "phi-4-mini",
    "dolphin3:8b": "default",
    "ibm/granite-3.3-8b": "granite",
    "granite4:tiny-h": "granite-4",
    "kimi-k2:1t": "kimi",
    "moonshotai/Kimi-K2-Thinking": "kimi-thinking",
    "moonshotai/Kimi-K3": "kimi-k3",
    "MiniMax-M2.5-NVFP4": "minimax",
    "MiniMaxAI/MiniMax-M3": "minimax-m3",
    "lfm2:8b": "lfm2",
    "LiquidAI/LFM2-24B-A2B-GGUF": "lfm2-24b",
    "lfm2.5:8b": "lfm2.5-agent",
    "LFM2.5-1.2B-Thinking": "lfm2.5-thinking",
    "LiquidAI/LFM2.5-1.2B-Instruct-MLX-4bit": "lfm2.5",
    "smollm2:1.7b": "smollm",
    "SmolLM3-3B-Q8_0.gguf": "smollm3",
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": "nemotron-3",
    "NVIDIA-Nemotron-3-Super-120B-A12B-UD-Q4_K_M.gguf": "nemotron-3-super",
    "Llama-3.1-Nemotron-Nano-8B-v1": "nemotron",
    "command-r7b:7b": "command",
    "somebody-elses-model": "default",
}


@pytest.mark.parametrize(("model", "name"), NAMES.items())
def test_the_family_of_a_model_is_found_by_its_name(model: str, name: str) -> None:
    assert profile_of(model).name == name


def test_a_profile_says_what_the_family_needs() -> None:
    assert profile_of("devstral:24b", 32_768) == ModelProfile(
        name="devstral",
        window_tokens=32_768,
        dialect="mistral",
        sampling=Sampling(temperature=0.15),
        alternating_roles=True,
    )


def test_nothing_is_assumed_of_a_model_that_nobody_knows() -> None:
    assert profile_of("somebody-elses-model") == ModelProfile()


@pytest.mark.parametrize(
    ("window_tokens", "size", "output_chars", "read_lines"),
    [
        (1_024, "tiny", 600, 80),
        (4_096, "tiny", 1_843, 80),
        (8_192, "tiny", 2_000, 80),
        (8_193, "small", 3_686, 150),
        (19_999, "small", 4_000, 150),
        (20_000, "normal", 8_000, 250),
        (None, "normal", 8_000, 250),
    ],
)
def test_answers_fit_the_window(
    window_tokens: int | None, size: str, output_chars: int, read_lines: int
) -> None:
    profile = profile_of("qwen3:8b", window_tokens)

    assert (profile.size, profile.window_tokens) == (size, window_tokens)
    assert (profile.output_chars, profile.read_lines) == (output_chars, read_lines)


def test_a_hosted_model_is_given_more_and_keeps_its_own_sampling() -> None:
    profile = profile_of("qwen3-coder-480b", 262_144, hosted=True)

    assert profile.hosted
    assert (profile.output_chars, profile.read_lines) == (20_000, 600)
    assert profile.sampling == Sampling()


def test_a_hosted_model_with_a_small_window_is_given_little() -> None:
    assert profile_of("qwen3", 4_096, hosted=True).output_chars == 1_843


def test_a_hosted_model_is_asked_natively_and_its_window_is_taken_to_be_large() -> None:
    profile = profile_of("gemma-3-27b-it", None, hosted=True)

    assert (profile.calls, profile.window_tokens, profile.size) == ("native", 128_000, "normal")


def test_finding_a_built_in_profile_reads_no_toml() -> None:
    program = "import sys; from model.catalog import profile_of; profile_of('qwen3:8b'); print('tomllib' in sys.modules)"

    assert printed_by(program) == "False\n"


def written(folder: Path, text: str) -> Path:
    (folder / "own.toml").write_text(text)
    return folder


def test_a_folder_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    assert profile_of("qwen3:8b", own=tmp_path / "profiles") == profile_of("qwen3:8b")


def test_a_family_of_the_users_comes_before_the_built_in_ones(tmp_path: Path) -> None:
    text = 'family = "mine"\npatterns = ["qwen*"]\ndialect = "hermes"\nwindow_tokens = 4096\n'
    own = written(tmp_path, text)

    profile = profile_of("qwen3-coder:30b", own=own)

    assert profile == ModelProfile(
        name="mine",
        dialect="hermes",
        window_tokens=4_096,
        size="tiny",
        output_chars=1_843,
        read_lines=80,
    )
    assert profile_of("llama3.1:8b", own=own).name == "llama3"


def test_the_window_of_the_server_comes_before_that_of_the_profile(tmp_path: Path) -> None:
    own = written(tmp_path, 'family = "mine"\npatterns = ["qwen*"]\nwindow_tokens = 4096\n')

    assert profile_of("qwen3:8b", 32_768, own=own).window_tokens == 32_768


def test_a_built_in_family_is_changed_in_its_place(tmp_path: Path) -> None:
    own = written(tmp_path, 'family = "qwen3"\n[sampling]\ntemperature = 0.2\n')

    changed = profile_of("qwen3:8b", own=own)

    assert changed.sampling == Sampling(temperature=0.2)
    assert (changed.dialect, changed.reasoning) == ("hermes", "think")
    assert profile_of("qwen3-coder:30b", own=own) == profile_of("qwen3-coder:30b")


def test_a_family_can_be_based_on_another(tmp_path: Path) -> None:
    own = written(tmp_path, 'family = "mine"\nbase = "devstral"\npatterns = ["house-model*"]\n')

    profile = profile_of("house-model:24b", own=own)

    assert (profile.name, profile.dialect, profile.alternating_roles) == ("mine", "mistral", True)


def test_a_variant_of_the_users_is_a_profile_of_its_own(tmp_path: Path) -> None:
    family = 'family = "mine"\npatterns = ["mine*"]\ndialect = "glm"\n'
    variant = '[[variants]]\nname = "mine-thinking"\npatterns = ["mine*think*"]\nreasoning = "think"\n'
    own = written(tmp_path, family + variant)

    plain, thinking = profile_of("mine-7b", own=own), profile_of("mine-7b-thinking", own=own)

    assert (plain.name, plain.reasoning) == ("mine", "none")
    assert (thinking.name, thinking.dialect, thinking.reasoning) == ("mine-thinking", "glm", "think")


def test_a_pattern_may_name_what_the_bare_name_leaves_out(tmp_path: Path) -> None:
    own = written(tmp_path, 'family = "mine"\npatterns = ["qwen3:8b-q4_K_M"]\n')

    assert profile_of("qwen3:8b-q4_K_M", own=own).name == "mine"
    assert profile_of("qwen3:8b-q8_0", own=own).name == "qwen3"
