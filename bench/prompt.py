"""Counts the tokens that every request begins with, for a model of each size, and prints a table.

python -m bench.prompt             needs ROOST_QWEN3_TOKENIZER
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence

from bench.tables import write
from bench.tokens import token_counter
from core.profile import ModelProfile, Size
from core.protocols import ModelRequest
from core.tools import ToolSpec
from flow.system_prompt import system_text
from gate.dialects.rendering import told_tools
from gate.serialising import PrefixWriter
from tool.registry import BUILT_IN, SCHEMAS, offered

BUDGETS: Mapping[Size, str] = {"tiny": "≤ 600", "small": "≤ 1,000", "normal": "≤ 1,000"}
DIALECT = "hermes"


def main() -> None:
    count = token_counter()
    if count is None:
        sys.exit("Not counted: ROOST_QWEN3_TOKENIZER names no tokenizer.json.")
    write("profile", "tools", "system", "tool list", "together", "told in words", "budget", "with ask_user")
    write(*("---",) * 8)
    for size, budget in BUDGETS.items():
        profile = ModelProfile(size=size)
        whole = offered(profile)
        core = [name for name in whole if name != "ask_user"]
        system, tools = counted(count, profile, core)
        told = count(f"{system_text(profile)}\n\n{told_tools(specs(core), DIALECT)}")
        write(
            size,
            str(len(core)),
            *(str(tokens) for tokens in (system, tools, system + tools, told)),
            budget,
            str(sum(counted(count, profile, whole))),
        )


def counted(count: Callable[[str], int], profile: ModelProfile, names: Sequence[str]) -> tuple[int, int]:
    """Of the system text, and of the tool list as it is sent."""
    request = ModelRequest(system=system_text(profile), messages=(), tools=specs(names))
    sent = json.loads(PrefixWriter("m").body(request))["tools"]
    return count(request.system), count(json.dumps(sent, ensure_ascii=False, separators=(",", ":")))


def specs(names: Sequence[str]) -> tuple[ToolSpec, ...]:
    described = {tool["name"]: tool for tool in json.loads(SCHEMAS.read_bytes())}
    shown = ("name", "description", "parameters")
    return tuple(
        ToolSpec(**{key: described[name][key] for key in shown}) for name in BUILT_IN if name in names
    )


if __name__ == "__main__":
    main()
