import pytest

from model.names import normalised


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Qwen/Qwen2.5-Coder-7B-Instruct-AWQ", "qwen2.5-coder-instruct"),
        ("qwen2.5-coder:7b-instruct-q4_K_M", "qwen2.5-coder-instruct"),
        ("qwen3:30b-a3b-instruct-2507-q4_K_M", "qwen3-instruct-2507"),
        ("bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M", "qwen-qwen3"),
        ("qwen/qwen3-30b-a3b-thinking-2507@q4_k_m", "qwen3-thinking-2507"),
        ("hf.co/unsloth/Qwen3-Coder-30B-A3B-Instruct-1M-GGUF:UD-Q4_K_XL", "qwen3-coder-instruct"),
        ("Qwen3-Coder-Next-Q4_K_M-00001-of-00002.gguf", "qwen3-coder-next"),
        ("/models/Qwen3.5-35B-A3B-FP8/", "qwen3.5"),
        (r"C:\models\codellama-7b-instruct.Q4_K_M.gguf", "codellama-instruct"),
        ("/cache/hub/models--Qwen--Qwen3-4B/snapshots/0123abcd", "qwen3"),
        ("Mixtral-8x7B-Instruct-v0.1-GPTQ", "mixtral-instruct-v0.1"),
        ("gemma-2-9b-it-IQ4_XS", "gemma-2-it"),
        ("gemma3:12b-it-qat", "gemma3-it"),
        ("LiquidAI/LFM2.5-1.2B-Instruct-MLX-4bit", "lfm2.5-instruct"),
        ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "nvidia-nemotron-3-nano"),
        ("Phi-3-mini-128k-instruct", "phi-3-mini-instruct"),
        ("gpt-oss-20b-mxfp4", "gpt-oss"),
        ("smollm2:latest", "smollm2"),
        ("qwen3-8b:2", "qwen3"),
        ("8b", "8b"),
    ],
)
def test_what_says_nothing_about_the_family_is_dropped(name: str, bare: str) -> None:
    assert normalised(name) == bare
