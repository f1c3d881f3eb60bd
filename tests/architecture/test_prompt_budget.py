"""What the head of every request costs, counted with a real tokenizer."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from boot.wiring import system_text
from core.profile import ModelProfile
from tool.registry import BUILT_IN, SCHEMAS

TOKENIZER = os.environ.get("ROOST_QWEN3_TOKENIZER", "")
CORE = tuple(name for name in BUILT_IN if name != "ask_user")
TINY = ("read_file", "edit_file", "write_file", "find_text", "shell")

pytestmark = pytest.mark.skipif(
    not Path(TOKENIZER).is_file() and not os.environ.get("CI"),
    reason="ROOST_QWEN3_TOKENIZER names no tokenizer.json",
)


@cache
def tokenizer() -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(TOKENIZER)


def tokens(text: str) -> int:
    return len(tokenizer().encode(text, add_special_tokens=False).ids)


def on_the_wire(*names: str) -> str:
    """The tools as a server gets them."""
    described = [tool for tool in json.loads(SCHEMAS.read_bytes()) if tool["name"] in names]
    functions = [{key: tool[key] for key in ("name", "description", "parameters")} for tool in described]
    tools = [{"type": "function", "function": function} for function in functions]
    return json.dumps(tools, ensure_ascii=False, separators=(",", ":"))


def head(*names: str) -> int:
    return tokens(system_text(ModelProfile())) + tokens(on_the_wire(*names))


def test_the_tokenizer_is_a_real_one() -> None:
    assert tokens("def hello_world():\n    return 42") == 9


def test_system_text_and_the_core_tools_fit_their_budget() -> None:
    assert len(CORE) == 10
    assert head(*CORE) <= 1_000


def test_a_tiny_models_head_fits_its_budget() -> None:
    assert head(*TINY) <= 600


def test_asking_the_user_stays_within_what_extras_may_add() -> None:
    assert head(*BUILT_IN) - head(*CORE) <= 450
