"""A model's name without what says nothing about its family: publisher, size, quantisation, file type.

bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M                   qwen-qwen3
qwen3:30b-a3b-instruct-2507-q4_K_M                    qwen3-instruct-2507
Mistral-Small-3.2-24B-Instruct-2506-UD-Q4_K_XL.gguf   mistral-small-3.2-instruct-2506
"""

import re

_CACHED = re.compile(r"models--(?:.*--)?([^/\\]+)")
"""A folder of the Hugging Face cache, in which the last part of the path is a hash."""
_FILE = re.compile(r"(?:-\d{5}-of-\d{5})?\.(?:gguf|safetensors|bin)$")
_QUANTISED = re.compile(
    r"[-._:@](?:(?:ud|i1)[-_])?"
    r"(?:i?q\d(?:_[a-z0-9]+)*|tq\d_\d|b?f(?:16|32)|fp(?:4|8|16|32)|int[48]|[48]-?bit|w\d+a\d+|mxfp[48]|nvfp4"
    r"|\d(?:\.\d+)?bpw)(?=$|[-._:@])"
)
_SEPARATORS = re.compile(r"[-_:@\s]+")
_SILENT = re.compile(
    r"(?:\d+x|e|a)?\d+(?:\.\d+)?[bmkt]|latest|gguf|ggml|mlx|awq|gptq|bnb|exl[23]|imat(?:rix)?|i1|ud|hf|qat|dwq"
    r"|unsloth"
)
"""Pieces of a name that are left out: sizes of weights and of windows first."""


def normalised(name: str) -> str:
    """Lower case, its pieces joined by `-`; the whole name when nothing of it would be left."""
    lower = name.strip().lower()
    cached = _CACHED.search(lower)
    bare = cached[1] if cached else re.split(r"[/\\]", lower.rstrip("/\\"))[-1]
    bare = _FILE.sub("", bare)
    while (shorter := _QUANTISED.sub("", bare)) != bare:
        bare = shorter
    bare = re.sub(r":\d+$", "", bare)  # LM Studio's second copy of a model
    pieces = [piece for piece in _SEPARATORS.split(bare) if piece and not _SILENT.fullmatch(piece)]
    return "-".join(pieces) or lower
