"""Names and values of calls: whose tool it is, and what a value without a type stands for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tools import ToolSpec
from gate.dialects import parse
from gate.dialects.calls import Tools, typed

MODE = {"$defs": {"Mode": {"type": "integer"}, "Loop": {"$ref": "#/$defs/Loop"}}}
NULLABLE = {"anyOf": [{"type": "integer"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "12", "12"),
        ({"type": "string"}, '"12"', '"12"'),
        ({"type": "string"}, " a\n", " a\n"),
        ({"type": "string"}, "null", "null"),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": "integer"}, " 12\n", 12),
        ({"type": "integer"}, "-1", -1),
        ({"type": "integer"}, "1.5", "1.5"),
        ({"type": "integer"}, "1" * 5000, "1" * 5000),
        ({"type": "integer"}, "1 + 1", "1 + 1"),
        ({"type": "integer"}, "true", "true"),
        ({"type": "number"}, "0.5", 0.5),
        ({"type": "number"}, "2", 2),
        ({"type": "number"}, "NaN", "NaN"),
        ({"type": "number"}, "1e999", "1e999"),
        ({"type": "boolean"}, "false", False),
        ({"type": "boolean"}, "True", True),
        ({"type": "boolean"}, "yes", "yes"),
        ({"type": "boolean"}, "0", "0"),
        ({"type": "array"}, '["a", 1, null]', ["a", 1, None]),
        ({"type": "array"}, "('a', 'b')", ["a", "b"]),
        ({"type": "array"}, "a, b", "a, b"),
        ({"type": "array"}, "[NaN]", "[NaN]"),
        ({"type": "object"}, '{"a": {"b": []}}', {"a": {"b": []}}),
        ({"type": "object"}, "{'a': None}", {"a": None}),
        ({"type": "object"}, '{"a": "x\ny"}', {"a": "x\ny"}),
        ({"type": "object"}, '{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        ({"type": "object"}, '{"a": 1', '{"a": 1'),
        ({"type": "object"}, "[]", "[]"),
        ({"type": "object"}, "[" * 100_000, "[" * 100_000),
        ({"type": "null"}, "null", None),
        (NULLABLE, "null", None),
        (NULLABLE, "7", 7),
        (NULLABLE, "seven", "seven"),
        ({"oneOf": [{"type": "boolean"}, {"type": "integer"}]}, "1", 1),
        ({"allOf": [{"type": "integer"}]}, "1", 1),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "x", "x"),
        ({"enum": [1, 2]}, "2", 2),
        ({"enum": ["a", "1"]}, "1", "1"),
        ({"const": True}, "true", True),
        ({"$ref": "#/$defs/Mode"}, "3", 3),
        ({"$ref": "#/$defs/Loop"}, "3", "3"),
        ({"$ref": "#/nowhere"}, "3", "3"),
        ({}, "3", "3"),
        (None, "3", "3"),
        ("any", "3", "3"),
        ({"type": 5, "enum": "no list", "anyOf": None}, "3", "3"),
    ],
)
def test_a_value_gets_the_type_that_the_schema_wants_and_is_text_otherwise(
    schema: object, text: str, value: object
) -> None:
    assert json.loads(typed(text, schema, MODE)) == value


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["integer", "number", "boolean", "array", "object"]),
)
def test_a_value_is_of_its_type_or_the_text_itself(text: str, kind: str) -> None:
    value = json.loads(typed(text, {"type": kind}, {}), parse_constant=pytest.fail)

    kinds: dict[str, type | tuple[type, ...]] = {
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    assert value == text or isinstance(value, kinds[kind])


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("read_file", "read_file"),
        ("Read-File", "read_file"),
        (" READ_FILE\n", "read_file"),
        ("functions.read_file", "read_file"),
        ("tool:read-file", "read_file"),
        ("left_pad", "left-pad"),
        ("readfile", None),
        ("read_files", None),
        ("read file", None),
        ("functions.", None),
        ("", None),
        ("twice-over", "twice-over"),
        ("twice_over", "twice_over"),
        ("TWICE_OVER", None),
    ],
)
def test_only_spelling_that_is_no_guess_names_a_tool(written: str, found: str | None) -> None:
    names = ("read_file", "left-pad", "twice-over", "twice_over")
    tools = Tools([ToolSpec(name=name, description="", parameters={}) for name in names])

    tool = tools.find(written)

    assert (tool and tool.name) == found


def test_a_tool_that_says_nothing_of_its_arguments_gets_text() -> None:
    bare = ToolSpec(name="ls", description="", parameters={})

    (call,) = parse("<function=ls><parameter=count>3</parameter></function>", [bare]).calls

    assert call.arguments == '{"count": "3"}'
