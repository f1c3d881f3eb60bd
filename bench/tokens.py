"""Counts the tokens of a request with the Qwen3 tokenizer, where one is installed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.scripted_server import Recorded


def token_counter() -> Callable[[str], int] | None:
    """None when ROOST_QWEN3_TOKENIZER does not name a tokenizer.json."""
    path = os.environ.get("ROOST_QWEN3_TOKENIZER", "")
    if not Path(path).is_file():
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def parts(request: Recorded) -> tuple[str, str, str]:
    """System text, tool list and all other messages as text."""
    system, *others = request.messages
    tools = json.dumps(request.json.get("tools", []), ensure_ascii=False, separators=(",", ":"))
    return str(system["content"]), tools, "\n".join(str(message["content"]) for message in others)
