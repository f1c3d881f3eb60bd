"""The command lines of other engines: vLLM, SGLang and llama.cpp's server.

what is wanted ─► argv and the variables that carry the token ─► printed ─► exec
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from boot.serving.choice import EngineName
from core.errors import ConfigError
from model.catalog import profile_of
from model.engines import ParsingEngine, parsers_of
from model.serving import ServableModel

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be served, and how."""

    model: str
    """A name at the hub, or a path."""
    host: str
    port: int
    window_tokens: int | None = None
    slots: int | None = None
    dtype: str = "auto"
    cards: int = 1
    token: str = field(default="", repr=False)
    known: ServableModel | None = None
    """What the table says of the model."""


@dataclass(frozen=True)
class CommandLine:
    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the environment gets beside what it has: the token, which no list of processes shows then."""
    notes: tuple[str, ...] = ()


def vllm(wanted: Wanted) -> CommandLine:
    calls, thinking, notes = _parsers(wanted, "vllm", "vLLM")
    words = [
        *("vllm", "serve", wanted.model, "--host", wanted.host, "--port", str(wanted.port)),
        *(("--enable-auto-tool-choice", "--tool-call-parser", calls) if calls else ()),
        *(("--reasoning-parser", thinking) if thinking else ()),
        *("--enable-prefix-caching", "--enable-prompt-tokens-details"),
        *_counted("--max-model-len", wanted.window_tokens),
        *_counted("--max-num-seqs", wanted.slots),
        *_counted("--tensor-parallel-size", wanted.cards if wanted.cards > 1 else None),
        *_dtype(wanted, "vLLM"),
    ]
    return CommandLine(tuple(words), {"VLLM_API_KEY": wanted.token} if wanted.token else {}, notes)


def sglang(wanted: Wanted) -> CommandLine:
    if wanted.token or wanted.host not in LOOPBACK:
        raise ConfigError(
            "SGLang takes its key on the command line only, where everybody on this machine can read it.",
            hint="Leave it on 127.0.0.1 without AGENT_SERVER_TOKEN, and put a proxy with a key in front.",
        )
    calls, thinking, notes = _parsers(wanted, "sglang", "SGLang")
    words = [
        *("sglang", "serve", "--model-path", wanted.model, "--host", wanted.host, "--port", str(wanted.port)),
        *(("--tool-call-parser", calls) if calls else ()),
        *(("--reasoning-parser", thinking) if thinking else ()),
        "--enable-cache-report",
        *_counted("--context-length", wanted.window_tokens),
        *_counted("--max-running-requests", wanted.slots),
        *_counted("--tp-size", wanted.cards if wanted.cards > 1 else None),
        *_dtype(wanted, "SGLang"),
    ]
    return CommandLine(tuple(words), notes=notes)


def llama_cpp(wanted: Wanted) -> CommandLine:
    """The window is of one slot: llama-server shares out what it is given."""
    if wanted.dtype != "auto":
        raise ConfigError(
            "A GGUF file has its weights as they are: --dtype has no meaning for llama.cpp.",
            hint="Name another quantisation instead: OWNER/MODEL-GGUF:Q8_0.",
        )
    is_file = wanted.model.endswith(".gguf")
    if not is_file and not wanted.known and "gguf" not in wanted.model.lower():
        raise ConfigError(
            f"llama.cpp serves GGUF files, and {wanted.model!r} names none.",
            hint="Name a file.gguf, or OWNER/MODEL-GGUF:Q4_K_M.",
        )
    source = wanted.known.gguf if wanted.known else wanted.model
    slots = wanted.slots or 1
    words = [
        *("llama-server", "-m" if is_file else "-hf", source),
        *("--host", wanted.host, "--port", str(wanted.port), "--jinja"),
        *_counted("-c", wanted.window_tokens and wanted.window_tokens * slots),
        *("-np", str(slots), "--metrics"),
    ]
    return CommandLine(tuple(words), {"LLAMA_API_KEY": wanted.token} if wanted.token else {})


@dataclass(frozen=True)
class OtherEngine:
    program: str
    line: Callable[[Wanted], CommandLine]
    how_to_get: str


OTHERS: Mapping[EngineName, OtherEngine] = {
    "vllm": OtherEngine("vllm", vllm, "pip install vllm, in an environment of its own"),
    "sglang": OtherEngine("sglang", sglang, "pip install sglang, in an environment of its own"),
    "llama.cpp": OtherEngine(
        "llama-server", llama_cpp, "brew install llama.cpp, or take a release of llama.cpp for your system"
    ),
}


def _parsers(wanted: Wanted, engine: ParsingEngine, name: str) -> tuple[str, str, tuple[str, ...]]:
    found = parsers_of(profile_of(wanted.model), engine)
    notes = () if found.calls else (f"No parser of {name} is known for its calls: Roost reads them as text.",)
    return found.calls, found.thinking, notes


def _dtype(wanted: Wanted, name: str) -> Sequence[str]:
    names = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
    if wanted.dtype == "auto":
        return ()
    if wanted.dtype not in names:
        raise ConfigError(
            f"{name} takes models that are quantised already: --dtype {wanted.dtype} is for --engine native.",
            hint="Name one, such as a copy in FP8 or AWQ.",
        )
    return ("--dtype", names[wanted.dtype])


def _counted(flag: str, count: int | None) -> Sequence[str]:
    return (flag, str(count)) if count else ()
