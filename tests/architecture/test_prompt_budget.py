"""What the head of every request costs, counted with a real tokenizer."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.profile import EditFormat, ModelProfile, Size
from core.skill_shelf import Skill
from core.tools import ToolSpec
from core.values import plain
from flow.system_prompt import system_text
from gate.dialects.rendering import told_tools
from tests.tool.skilling import rsi
from tool.registry import EXTRAS, SCHEMAS, offered
from tool.skill_toolbox import most_used

TOKENIZER = os.environ.get("ROOST_QWEN3_TOKENIZER", "")
CORE = tuple(name for name in offered(ModelProfile()) if name not in EXTRAS)
DEFAULT = ModelProfile()

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


def head(*names: str, profile: ModelProfile = DEFAULT) -> int:
    return tokens(system_text(profile)) + tokens(on_the_wire(*names))


def told(profile: ModelProfile, *names: str) -> int:
    """The same for a model that is told of its tools in words."""
    described = [tool for tool in json.loads(SCHEMAS.read_bytes()) if tool["name"] in names]
    specs = [
        ToolSpec(**{key: tool[key] for key in ("name", "description", "parameters")}) for tool in described
    ]
    return tokens(f"{system_text(profile)}\n\n{told_tools(specs, 'roost')}")


def test_the_tokenizer_is_a_real_one() -> None:
    assert tokens("def hello_world():\n    return 42") == 9


def test_system_text_and_the_core_tools_fit_their_budget() -> None:
    assert len(CORE) == 10
    assert head(*CORE) <= 1_000


@pytest.mark.parametrize("edit_format", ["edit_file", "replace_lines", "write_file"])
@pytest.mark.parametrize(
    ("size", "tools", "most_tokens"), [("tiny", 5, 600), ("small", 7, 1_000), ("normal", 10, 1_000)]
)
def test_the_head_of_every_size_fits_its_budget(
    size: Size, tools: int, most_tokens: int, edit_format: EditFormat
) -> None:
    profile = ModelProfile(size=size, edit_format=edit_format)
    core = [name for name in offered(profile) if name not in EXTRAS]

    assert len(core) == tools - (edit_format == "write_file")
    assert head(*core, profile=profile) <= most_tokens
    assert told(profile, *core) <= most_tokens


def test_all_extras_together_stay_within_what_they_may_add() -> None:
    assert head(*CORE, *EXTRAS) - head(*CORE) <= 450


SHARES = [("project", 100), ("memory", 85), ("find_code", 55), ("promote_skill", 80), ("use_skill", 45)]


@pytest.mark.parametrize(("name", "most_tokens"), SHARES)
def test_an_extra_stays_within_its_share(name: str, most_tokens: int) -> None:
    assert head(*CORE, name) - head(*CORE) <= most_tokens


def test_the_skills_in_the_list_of_tools_fit_their_budget() -> None:
    skills = [
        Skill(name=f"skill_{number}", description=rsi().description, parameters=rsi().parameters, digest="d")
        for number in range(20)
    ]

    told_ = most_used(skills)
    functions = [{"type": "function", "function": plain(tool)} for tool in told_]
    assert len(told_) >= 3
    assert tokens(json.dumps(functions, ensure_ascii=False, separators=(",", ":"))) <= 300
