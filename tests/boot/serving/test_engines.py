import pytest

from boot.serving.engines import OTHERS, CommandLine, Wanted, llama_cpp, sglang, vllm
from core.errors import ConfigError
from model.serving import servable_models

CODER = servable_models()[0]


def wanted(model: str = CODER.name, **more: object) -> Wanted:
    return Wanted(model=model, host="127.0.0.1", port=8000, **more)  # type: ignore[arg-type]


def test_vllm_is_told_of_parsers_cache_window_and_cards() -> None:
    line = vllm(wanted(window_tokens=65_536, slots=16, cards=2, dtype="bf16"))

    assert " ".join(line.words) == (
        "vllm serve Qwen/Qwen3-Coder-30B-A3B-Instruct --host 127.0.0.1 --port 8000 "
        "--enable-auto-tool-choice --tool-call-parser qwen3_coder "
        "--enable-prefix-caching --enable-prompt-tokens-details "
        "--max-model-len 65536 --max-num-seqs 16 --tensor-parallel-size 2 --dtype bfloat16"
    )


def test_sglang_has_names_of_its_own() -> None:
    line = sglang(wanted("Qwen/Qwen3-8B", window_tokens=32_768, slots=8, cards=2))

    assert " ".join(line.words) == (
        "sglang serve --model-path Qwen/Qwen3-8B --host 127.0.0.1 --port 8000 "
        "--tool-call-parser qwen25 --reasoning-parser qwen3 --enable-cache-report "
        "--context-length 32768 --max-running-requests 8 --tp-size 2"
    )


def test_llama_cpp_gets_a_window_for_each_slot() -> None:
    line = llama_cpp(wanted(known=CODER, window_tokens=32_768, slots=2))

    assert " ".join(line.words) == (
        "llama-server -hf unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M "
        "--host 127.0.0.1 --port 8000 --jinja -c 65536 -np 2 --metrics"
    )


@pytest.mark.parametrize(
    ("model", "source"),
    [
        ("/models/a.gguf", ("-m", "/models/a.gguf")),
        ("me/Mine-GGUF:Q8_0", ("-hf", "me/Mine-GGUF:Q8_0")),
    ],
)
def test_llama_cpp_takes_a_file_or_a_repository_of_them(model: str, source: tuple[str, str]) -> None:
    line = llama_cpp(wanted(model))

    assert line.words[1:3] == source
    assert "-c" not in line.words


def test_the_token_stands_in_the_environment_and_in_no_list_of_processes() -> None:
    lines = {
        name: engine.line(wanted(token="hush", known=CODER))
        for name, engine in OTHERS.items()
        if name != "sglang"
    }

    assert {name: dict(line.variables) for name, line in lines.items()} == {
        "vllm": {"VLLM_API_KEY": "hush"},
        "llama.cpp": {"LLAMA_API_KEY": "hush"},
    }
    assert "hush" not in repr(lines)
    with pytest.raises(ConfigError, match="SGLang takes its key on the command line only"):
        sglang(wanted(token="hush"))


def test_a_model_whose_calls_nobody_reads_is_served_and_that_is_said() -> None:
    line = vllm(wanted("me/unheard-of"))

    assert line == CommandLine(
        ("vllm", "serve", "me/unheard-of", "--host", "127.0.0.1", "--port", "8000", "--enable-prefix-caching", "--enable-prompt-tokens-details"),
        notes=("No parser of vLLM is known for its calls: Roost reads them as text.",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("engine", "dtype", "model", "said"),
    [
        ("vllm", "int4", "a/b", "vLLM takes models that are quantised already: --dtype int4 is for --engine native."),
        ("sglang", "int8", "a/b", "SGLang takes models that are quantised already: --dtype int8 is for --engine native."),
        ("llama.cpp", "bf16", "a/b-GGUF", "A GGUF file has its weights as they are: --dtype has no meaning for llama.cpp."),
        ("llama.cpp", "auto", "a/b", "llama.cpp serves GGUF files, and 'a/b' names none."),
    ],
)  # fmt: skip
def test_what_an_engine_cannot_do_is_refused(engine: str, dtype: str, model: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        OTHERS[engine].line(wanted(model, dtype=dtype))  # type: ignore[index]

    assert caught.value.args[0] == said
