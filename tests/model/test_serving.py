"""The numbers of the table, beside what is known of the models from elsewhere."""

from pathlib import Path

from model.catalog import profile_of
from model.serving import Weights, servable_models

MODELS = {model.name: model for model in servable_models()}


def test_keys_and_values_take_what_their_shapes_say() -> None:
    taken = {name: model.kv_bytes("bf16") for name, model in MODELS.items()}

    assert taken["Qwen/Qwen3-8B"] == 147_456
    assert taken["Qwen/Qwen3-Coder-30B-A3B-Instruct"] == 98_304


def test_weights_take_fewer_bytes_the_more_they_are_quantised() -> None:
    model = MODELS["Qwen/Qwen3-8B"]

    assert model.weight_bytes("fp32") == 4 * 8_190_735_360
    assert model.weight_bytes("bf16") == 2 * 8_190_735_360
    assert model.weight_bytes("int8") == 2 * 1_244_659_712 + 6_946_075_648
    assert model.weight_bytes("int4") == 2 * 1_244_659_712 + int(6_946_075_648 * 0.53125)


def test_the_tables_of_tokens_stay_in_what_is_computed_in() -> None:
    model = MODELS["Qwen/Qwen3-8B"]

    assert model.weight_bytes("int8", "fp32") == 4 * 1_244_659_712 + 6_946_075_648
    assert model.weight_bytes("bf16", "fp32") == model.weight_bytes("bf16")


def test_a_mixture_goes_through_few_of_its_parameters() -> None:
    assert [model.name for model in MODELS.values() if model.is_mixture] == [
        "Qwen/Qwen3-Coder-30B-A3B-Instruct"
    ]


def test_the_more_able_come_first_and_each_has_a_family_of_its_own() -> None:
    order = sorted(MODELS.values(), key=lambda model: -model.weight_bytes("int4"))

    assert {model.name for model in order[:2]} == {*[*MODELS][:2]}
    assert [model.name for model in order[2:]] == [*MODELS][2:]
    assert all(profile_of(name).name != "default" for name in MODELS)


def test_the_page_on_serving_has_the_sums_of_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/serving.md").read_text(encoding="utf-8")

    for model in MODELS.values():
        smaller: list[Weights] = [] if model.is_mixture else ["int8", "int4"]
        taken = [model.weight_bytes(weights) / 1e9 for weights in smaller]
        row = [
            f"{model.weight_bytes('bf16') / 1e9:.1f}",
            *([f"{size:.1f}" for size in taken] or ["–", "–"]),
            f"{model.gguf_bytes / 1e9:.1f}",
            f"{16_384 * model.kv_bytes('bf16') / 1e9:.1f}",
        ]
        assert f"| {' | '.join([model.name, *row, model.licence])} |" in page
