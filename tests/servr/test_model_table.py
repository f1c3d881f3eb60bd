"""The list of models on a screen."""

import pytest

from core.endpoint import ServedModel, ServerFacts
from servr.model_table import model_list

LONG = "bartowski/Mistral-Small-3.2-24B-Instruct-2506-UD-GGUF:Q4_K_XL"
MODELS = (
    ServedModel(name=LONG, trained_tokens=131_072, tools=True, vision=True, thinking=False),
    ServedModel(name="m", loaded=True, window_tokens=32_768),
)
SERVERS = tuple(
    ServerFacts(url=f"http://localhost:{port}/v1", kind="LM Studio", models=MODELS) for port in (1234, 1235)
)


@pytest.mark.parametrize("columns", [80, 200])
def test_no_line_is_longer_than_the_screen_and_a_long_name_keeps_both_its_ends(columns: int) -> None:
    lines = list(model_list(SERVERS, ("m", SERVERS[1].url), columns))

    named = LONG if columns == 200 else "bartowski/Mis…-GGUF:Q4_K_XL"
    assert max(map(len, lines)) < columns
    assert lines[1] == "http://localhost:1234/v1 (LM Studio)"
    assert lines[2].split() == [named, "not", "loaded", "131,072", "yes", "yes", "no"]
    assert [line[:3] for line in lines if line[2:3] == "m"] == ["  m", "  m", "* m"]
