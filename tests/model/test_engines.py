import json
import tomllib

import pytest

from gate.dialects.table import families
from model.catalog import INDEX, profile_of
from model.engines import TABLE, Parsers, parsers_of


@pytest.mark.parametrize(
    ("model", "of_vllm", "of_sglang"),
    [
        ("Qwen/Qwen3-8B", Parsers("hermes", "qwen3"), Parsers("qwen25", "qwen3")),
        ("Qwen/Qwen3-4B-Instruct-2507", Parsers("hermes"), Parsers("qwen25")),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", Parsers("qwen3_coder"), Parsers("qwen3_coder")),
        ("openai/gpt-oss-20b", Parsers("openai", "openai_gptoss"), Parsers("gpt-oss", "gpt-oss")),
        ("zai-org/GLM-4.7", Parsers("glm47"), Parsers("glm47")),
        ("me/unheard-of", Parsers(), Parsers()),
    ],
)
def test_each_engine_has_names_of_its_own(model: str, of_vllm: Parsers, of_sglang: Parsers) -> None:
    profile = profile_of(model)

    assert (parsers_of(profile, "vllm"), parsers_of(profile, "sglang")) == (of_vllm, of_sglang)


def test_the_table_names_only_dialects_and_profiles_that_there_are() -> None:
    rows = tomllib.loads(TABLE.read_text())
    profiles = {entry["name"] for entry in json.loads(INDEX.read_bytes())}

    assert set(rows["dialects"]) <= set(families())
    assert {*rows["profiles"], *rows["thinking"]} <= profiles
