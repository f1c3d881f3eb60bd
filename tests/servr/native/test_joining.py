"""What a folder says of its model decides how it is sampled and read."""

import json
from pathlib import Path

import pytest

from boot.serving.joining import at, greeting, profile_in, sampling_of
from core.profile import ModelProfile
from model.catalog import profile_of
from servr.native.asking import ModelFacts, Sampling
from tests.servr.native import templates


def folder(path: Path, **files: object) -> Path:
    for name, content in files.items():
        (path / f"{name}.json").write_text(json.dumps(content))
    return path


def test_what_its_makers_wrote_comes_before_its_profile(tmp_path: Path) -> None:
    folder(tmp_path, generation_config={"do_sample": True, "temperature": 0.9, "top_k": 7})

    found = sampling_of(tmp_path, profile_of("Qwen/Qwen3-Coder-30B-A3B-Instruct"))

    assert found == Sampling(temperature=0.9, top_p=0.8, top_k=7, repetition_penalty=1.05)


def test_a_model_of_which_nothing_is_known_is_sampled_as_it_is(tmp_path: Path) -> None:
    assert sampling_of(tmp_path, ModelProfile()) == Sampling()


def test_a_folder_of_any_name_is_known_by_its_kind(tmp_path: Path) -> None:
    folder(tmp_path, config={"model_type": "qwen3"})

    assert profile_in(tmp_path, "mine").name == "qwen3"
    assert profile_in(tmp_path, "Qwen3-Coder-Mine").name == "qwen3-coder"


@pytest.mark.parametrize(
    ("template", "dialect"),
    [
        (templates.qwen3(), "hermes"),
        (templates.QWEN2, "hermes"),
        (templates.MISTRAL, "mistral"),
        (templates.LFM, "lfm2"),
        ("<tool_call>\n<function=ls>\n<parameter=path>", "qwen_xml"),
        ("<tool_call>ls\n<arg_key>path</arg_key>", "glm"),
        ("<|start|>assistant<|channel|>commentary to=functions.ls", "harmony"),
        ("<|python_tag|>", "llama"),
        ({"default": "hello", "tool_use": "[TOOL_CALLS]"}, "mistral"),
        ("<tools>{{ tools }}</tools>", "any"),
        (None, "any"),
    ],
)
def test_of_an_unknown_name_the_template_tells_how_calls_are_written(
    template: str | dict[str, str] | None, dialect: str, tmp_path: Path
) -> None:
    folder(tmp_path, config={"model_type": "new"})

    assert profile_in(tmp_path, "mine", template).dialect == dialect
    assert profile_in(tmp_path, "Qwen3-Coder-Mine", template).dialect == "qwen_xml"


def test_the_greeting_says_what_is_served_and_how_to_use_it() -> None:
    facts = ModelFacts("mine", 32_768, 1, 100, frozenset(), "bfloat16", "cuda")

    assert greeting(facts) == ("mine: bfloat16 on cuda, a window of 32,768 tokens, one reply at once.",)
    assert at("Roost serves mine at http://127.0.0.1:8000/v1") == (
        "Roost serves mine at http://127.0.0.1:8000/v1.",
        "In another terminal: python3 cli.py",
        "Ctrl-C ends it.",
    )
