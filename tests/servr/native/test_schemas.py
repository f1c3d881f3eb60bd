"""What a model of random weights says is valid by its schema, and what cannot be enforced is refused."""

import json
from collections.abc import Mapping
from functools import cache

import pytest

from gate.dialects.writing import reply_form
from servr.native.grammars.grammars import MaskingGrammars
from servr.native.parts import Held, Invalid
from tests.servr.native.random_schemas import schema
from tests.servr.native.sampling_at_random import answer, bytewise, said
from tests.servr.native.validating import faults, read

FIELD = "response_format.json_schema.schema"
UNUSED = 37
WIDTH = bytewise().get_vocab_size() + UNUSED


@cache
def grammars() -> MaskingGrammars:
    ends = frozenset({bytewise().token_to_id("<|im_end|>")})
    return MaskingGrammars(bytewise().to_str(), reply_form("hermes"), vocabulary=WIDTH, end_tokens=ends)


def nested(levels: int) -> Mapping[str, object]:
    return {"items": nested(levels - 1)} if levels else {}


def chained(count: int) -> Mapping[str, object]:
    definitions = {str(place): {"allOf": [{"$ref": f"#/$defs/{place + 1}"}]} for place in range(count)}
    return {"$ref": "#/$defs/0", "$defs": {**definitions, str(count): {"type": "null"}}}


@pytest.mark.slow
@pytest.mark.parametrize("tens", range(30))
def test_what_is_said_by_chance_is_valid(tens: int) -> None:
    for seed in range(tens * 10, tens * 10 + 10):
        held = Held(schema=schema(seed))

        constraint = grammars().constraint(held)

        assert constraint is not None
        text = said(constraint, bytewise(), seed=seed, width=WIDTH)
        assert text is not None
        assert faults(schema(seed), read(answer(text))) == []


@pytest.mark.parametrize(
    ("refused", "place", "sentence"),
    [
        ({"not": {}}, ".not", "`not` cannot be enforced."),
        ({"properties": {"a": {"items": {"if": {}}}}}, ".properties.a.items.if", "`if` cannot be enforced."),
        ({"uniqueItems": True}, ".uniqueItems", "`uniqueItems` cannot be enforced."),
        ({"format": "iri"}, ".format", "`format` cannot be enforced as this one."),
        ({"properties": []}, ".properties", "`properties` has to be an object."),
        ({"exclusiveMinimum": True}, ".exclusiveMinimum", "`exclusiveMinimum` has to be a number."),
        ({"items": [{}]}, ".items", "A schema is an object or a boolean, not [{}]."),
        ({"$ref": "#/$defs/no"}, ".$ref", "There is no schema at '#/$defs/no'."),
        ({"$ref": "https://elsewhere/"}, ".$ref", "There is no schema at 'https://elsewhere/'."),
        ({"$ref": "#"}, "", "This cannot be enforced: no JSON fits it."),
        ({"type": "text"}, "", "This cannot be enforced: Invalid type: text."),
        (
            {"minProperties": 2},
            ".minProperties",
            "`minProperties` can only be enforced up to one more than are required.",
        ),
        (
            {"multipleOf": 999_983},
            ".multipleOf",
            "`multipleOf` can only be enforced up to 10,000, the decimal point left out.",
        ),
        (
            {"enum": ["x" * 200_000]},
            "",
            "The schema has 200,014 characters, and at most 131,072 can be enforced.",
        ),
        ({"const": "x" * 9_000}, ".const", "`const` is over 8192 characters."),
        ({"patternProperties": {f"^{n}$": {} for n in range(33)}}, ".patternProperties", "`patternProperties` has more than 32 patterns."),
        (nested(60), ".items" * 48, "Schemas can be enforced 48 deep."),
        (chained(1_000), "", "What it refers to may be 2004 levels deep, and at most 500 can be enforced."),
    ],
)  # fmt: skip
def test_what_cannot_be_enforced_is_refused_with_its_place(
    refused: Mapping[str, object], place: str, sentence: str
) -> None:
    with pytest.raises(Invalid) as caught:
        grammars().constraint(Held(schema=refused))

    assert (caught.value.field, str(caught.value)) == (FIELD + place, sentence)


@pytest.mark.parametrize(
    ("held", "text"),
    [
        ({"properties": {"a": {"type": "integer"}}}, r'{"\u0061": "x"}'),
        ({"type": "object"}, '{"a":' + " " * 9 + "1}"),
        ({"type": "array"}, "[" + "\n" * 9 + "]"),
        ({"type": "string"}, '"a\x01"'),
    ],
    ids=["a key in a second spelling", "blanks", "empty lines", "a control character"],
)
def test_what_is_not_wanted_may_not_be_said(held: Mapping[str, object], text: str) -> None:
    constraint = grammars().constraint(Held(schema=held))

    taken = [constraint is not None and constraint.take(token) for token in bytewise().encode(text).ids]

    assert not all(taken)


@pytest.mark.parametrize("describing", [{"format": "int32"}, {"uniqueItems": False}, {"x-order": 1}])
def test_words_that_only_describe_are_let_be(describing: Mapping[str, object]) -> None:
    text = said_by({"type": "integer", "minimum": 1, "maximum": 9, **describing})

    assert json.loads(answer(text)) in range(1, 10)


def said_by(held: Mapping[str, object]) -> str:
    constraint = grammars().constraint(Held(schema=held))
    assert constraint is not None
    return said(constraint, bytewise(), seed=1, width=WIDTH) or ""
