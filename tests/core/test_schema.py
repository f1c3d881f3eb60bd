from dataclasses import dataclass
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from core.errors import InvalidArguments
from core.permissions import Effect
from core.protocols import ToolContext, ToolResult
from core.schema import parse_arguments, schema_of


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


def parsed(text: str) -> dict[str, object]:
    return parse_arguments(Everything(), text).model_dump(exclude_unset=True)


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
        ('{"path": 7}', {"path": "7"}),
        ('{"path": "a", "count": "4"}', {"path": "a", "count": 4}),
        ('{"path": "a", "count": 4.0}', {"path": "a", "count": 4}),
        ('{"path": "a", "count": null}', {"path": "a"}),
        ('{"path": "a", "all": "true"}', {"path": "a", "all": True}),
        ('{"path": "a", "all": "False"}', {"path": "a", "all": False}),
        ('{"path": "a", "names": "b"}', {"path": "a", "names": ["b"]}),
        ('{"path": "a", "names": "[\\"b\\", \\"c\\"]"}', {"path": "a", "names": ["b", "c"]}),
        ('{"path": "a", "names": "[\'b\', ]"}', {"path": "a", "names": ["b"]}),
        ('{"path": "a", "names": "[x"}', {"path": "a", "names": ["[x"]}),
        ('{"path": "a", "pair": "{\\"left\\": 1}"}', {"path": "a", "pair": {"left": 1}}),
        ('{"path": "[a]"}', {"path": "[a]"}),
        ('{"file_path": "a"}', {"path": "a"}),
        ('{"filePath": "a"}', {"path": "a"}),
        ('{"filename": "a", "regex": "b"}', {"path": "a", "pattern": "b"}),
        ('{"Path": "a"}', {"path": "a"}),
        ('{"file": "a", "path": "b"}', {"path": "b"}),
        ('{"path": "a", "explanation": "to see"}', {"path": "a"}),
    ],
)
def test_what_was_meant_is_understood(text: str, meant: dict[str, object]) -> None:
    assert parsed(text) == meant


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
    ],
)
def test_a_wrong_call_is_told_in_one_line_what_to_mend(text: str, said: str) -> None:
    with pytest.raises(InvalidArguments) as raised:
        parsed(text)

    assert str(raised.value) == f"everything was not run: {said}. Call it again with these mended."


def test_a_long_value_is_not_sent_back_whole() -> None:
    with pytest.raises(InvalidArguments) as raised:
        parsed('{"path": "a", "count": "' + "x" * 10_000 + '"}')

    assert len(str(raised.value)) < 200


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="the arguments hold half a character"):
        parsed('{"path": "\\ud800"}')
