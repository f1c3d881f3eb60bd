"""What vLLM and SGLang call the parsers of a model's calls and thoughts: `engines.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.profile import ModelProfile

TABLE = Path(__file__).with_name("engines.toml")

ParsingEngine = Literal["vllm", "sglang"]


@dataclass(frozen=True)
class Parsers:
    """Empty: the engine has none for this model, or it needs none."""

    calls: str = ""
    thinking: str = ""


def parsers_of(profile: ModelProfile, engine: ParsingEngine, table: Path = TABLE) -> Parsers:
    rows = tomllib.loads(table.read_text(encoding="utf-8"))
    calls = {**rows["dialects"].get(profile.dialect, {}), **rows["profiles"].get(profile.name, {})}
    thinking = rows["thinking"].get(profile.name, {})
    return Parsers(calls.get(engine, ""), thinking.get(engine, ""))
