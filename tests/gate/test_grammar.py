"""Schemas as grammars. Whether llama.cpp takes them is asked in tests/servers/test_llama_cpp.py."""

import json

import pytest

from gate.grammar import RULES, grammar_of
from tool.registry import SCHEMAS

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "root"),
    [
        ({"type": "object", "properties": {}}, "object"),
        ({"type": "object"}, "object"),
        ({}, "value"),
        (
            {"type": "object", "properties": {"a": TEXT, "b": WHOLE}, "required": ["b"]},
            r'"{" "\"b\"" ":" space integer ("," space "\"a\"" ":" space string)? "}"',
        ),
        (
            {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a", "b"]},
            r'"{" "\"a\"" ":" space string "," space "\"b\"" ":" space string  "}"',
        ),
        (
            {"type": "object", "properties": {"a": TEXT, "b": TEXT}},
            r'"{" (("\"a\"" ":" space string ("," space "\"b\"" ":" space string)? '
            r'| "\"b\"" ":" space string))? "}"',
        ),
        ({"enum": ['say "hi"', "ü"]}, r'("\"say \\\"hi\\\"\"" | "\"ü\"")'),
        ({"const": 1}, '("1")'),
        ({"anyOf": [WHOLE, TEXT]}, "(integer | string)"),
        ({"type": "array", "items": TEXT}, '"[" (string ("," space string)*)? "]"'),
        ({"type": "array"}, "array"),
    ],
)
def test_a_schema_becomes_one_rule(schema: dict[str, object], root: str) -> None:
    assert grammar_of(schema) == f"root ::= {root}{RULES}"


def test_every_built_in_tool_has_a_grammar_of_its_members() -> None:
    for tool in json.loads(SCHEMAS.read_bytes()):
        grammar = grammar_of(tool["parameters"])

        assert all(f'"\\"{name}\\""' in grammar for name in tool["parameters"]["properties"])
