import json
from dataclasses import dataclass
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from core.errors import InvalidArguments
from core.permissions import Effect
from core.schema import parse_arguments, schema_of, shape_of
from core.tools import ToolContext, ToolResult


class Nested(BaseModel):
    """A pair."""

    left: int
    right: str = "x"


class EverythingArgs(BaseModel):
    """Do
    everything.
    """

    path: str
    pattern: str = ""
    count: int = Field(1, ge=1, le=9, description="How\n  many.")
    ratio: float | None = None
    all: bool = False
    names: list[str] = Field(default_factory=list, max_length=3)
    order: Literal["up", "down"] = "up"
    pair: Nested | None = None
    either: int | str | None = None
    options: dict[str, object] = Field(default_factory=dict)


class NothingArgs(BaseModel):
    """Do nothing."""


@dataclass
class Everything:
    name = "everything"
    args: type[BaseModel] = EverythingArgs
    effect = Effect.READ

    async def run(self, args: BaseModel, context: ToolContext) -> ToolResult:
        return ToolResult("done")


SHAPE = (
    '{"path": string, "pattern"?: string, "count"?: integer, "ratio"?: number, "all"?: boolean, '
    '"names"?: [string], "order"?: "up" | "down", "pair"?: {"left": integer, "right"?: string}, '
    '"either"?: integer | string, "options"?: object}'
)


def test_a_schema_holds_names_types_and_what_is_required() -> None:
    assert schema_of(EverythingArgs) == (
        "Do everything.",
        {
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "pattern": {"type": "string"},
                "count": {"type": "integer", "description": "How many."},
                "ratio": {"type": "number"},
                "all": {"type": "boolean"},
                "names": {"type": "array", "items": {"type": "string"}},
                "order": {"type": "string", "enum": ["up", "down"]},
                "pair": {
                    "type": "object",
                    "description": "A pair.",
                    "properties": {"left": {"type": "integer"}, "right": {"type": "string"}},
                    "required": ["left"],
                },
                "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "options": {"type": "object"},
            },
            "required": ["path"],
        },
    )


def test_a_tool_without_arguments_has_an_empty_schema() -> None:
    assert schema_of(NothingArgs) == ("Do nothing.", {"type": "object", "properties": {}})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('{"path": "a"}', {"path": "a"}),
        ('{"path": "a", "count": 4, "ratio": 1}', {"path": "a", "count": 4, "ratio": 1}),
        (
            '{"path": "a", "order": "down", "pair": {"left": 1}}',
            {"path": "a", "order": "down", "pair": {"left": 1, "right": "x"}},
        ),
    ],
)
def test_arguments_as_the_schema_has_them_are_taken(text: str, meant: dict[str, object]) -> None:
    taken = {
        name: item for name, item in parse_arguments(Everything(), text).model_dump().items() if name in meant
    }

    assert taken == meant


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        (schema_of(Nested)[1], '{"left": integer, "right"?: string}'),
        (schema_of(NothingArgs)[1], "{}"),
        ({"type": "object"}, "object"),
        ({}, "anything"),
        ({"const": "up"}, '"up"'),
    ],
)
def test_a_shape_says_in_few_words_what_a_schema_wants(schema: dict[str, object], shape: str) -> None:
    assert shape_of(schema) == shape


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "path: is missing"),
        ('{"path": "a", "count": 0}', "count: should be at least 1"),
        ('{"path": "a", "count": 10}', "count: should be at most 9"),
        ('{"path": "a", "count": "four"}', "count: should be a whole number, not 'four'"),
        ('{"path": "a", "count": 1.5}', "count: should be a whole number, not 1.5"),
        ('{"path": "a", "all": "maybe"}', "all: should be true or false, not 'maybe'"),
        ('{"path": "a", "all": []}', "all: should be true or false, not []"),
        ('{"path": {"a": 1}}', "path: should be text, not {'a': 1}"),
        ('{"path": true}', "path: should be text, not True"),
        ('{"path": 7}', "path: should be text, not 7"),
        ('{"path": "a", "count": "4"}', "count: should be a whole number, not '4'"),
        ('{"path": "a", "count": 4.0}', "count: should be a whole number, not 4.0"),
        ('{"path": "a", "all": "true"}', "all: should be true or false, not 'true'"),
        ('{"path": "a", "all": 1}', "all: should be true or false, not 1"),
        ('{"path": "a", "pair": "{}"}', "pair: should be an object, not '{}'"),
        ('{"path": "a", "names": {}}', "names: should be a list, not {}"),
        ('{"path": "a", "order": "left"}', "order: should be 'up' or 'down', not 'left'"),
        ('{"path": "a", "ratio": "half"}', "ratio: should be a number, not 'half'"),
        ('{"count": 0}', "path: is missing; count: should be at least 1"),
        (
            '{"path": "a", "colour": "red"}',
            "it has no argument 'colour', only path, pattern, count, ratio, all, names, order, pair, either, options",
        ),
        ('{"path": "half a', "the arguments end inside a string"),
        ("[]", "the arguments should be a JSON object, not '[]'"),
        ('"{}"', "the arguments should be a JSON object, not '\"{}\"'"),
        ("", "the arguments are not JSON: Expecting value at character 0"),
        ('{"path": "a"', "the arguments are not JSON: Expecting ',' delimiter at character 12"),
    ],
)
def test_a_wrong_call_is_told_in_one_line_what_to_mend(text: str, said: str) -> None:
    with pytest.raises(InvalidArguments) as raised:
        parse_arguments(Everything(), text)

    assert str(raised.value) == f"everything was not run: {said}. Call it again with these mended: {SHAPE}"


def test_a_long_value_is_not_sent_back_whole() -> None:
    with pytest.raises(InvalidArguments) as raised:
        parse_arguments(Everything(), '{"path": "a", "count": "' + "x" * 10_000 + '"}')

    assert len(str(raised.value)) < 500


def test_a_refusal_is_short_whatever_the_arguments_are_called() -> None:
    with pytest.raises(InvalidArguments) as raised:
        parse_arguments(Everything(), json.dumps({"x" * 10_000: 1, **{f"y{at}": 1 for at in range(1_000)}}))

    assert len(str(raised.value)) < 1_000


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="the arguments hold half a character"):
        parse_arguments(Everything(), '{"path": "\\ud800"}')
