"""JSON schemas that replies are held to: what of them is enforced, and what is refused.

Words that JSON Schema does not know say nothing, as it wants; those that it knows are enforced or refused.
The limits are there for what was measured to take seconds, or to end the process.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from servr.native.parts import Invalid

WRITTEN = {
    "whitespace_pattern": r"( {1,2}|\r?\n[ \t]{0,32})",
    "json_allowed_escapes": 'nrbtf\\"',  # no \u: each key is written in one way
}
REFUSED = (
    *("not", "if", "then", "else", "contains", "minContains", "maxContains", "propertyNames", "uniqueItems"),
    *("dependentRequired", "dependentSchemas", "dependencies", "unevaluatedItems", "unevaluatedProperties"),
    *("additionalItems", "$dynamicRef", "$recursiveRef"),
)
FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri")
REFUSED_FORMATS = (
    *("idn-email", "idn-hostname", "uri-reference", "iri", "iri-reference", "uri-template"),
    *("json-pointer", "relative-json-pointer", "regex"),
)
ONE = ("items", "additionalProperties")
SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")
NAMED = ("properties", "patternProperties", "$defs", "definitions")
SHAPES: Mapping[str, tuple[Any, str]] = {
    **dict.fromkeys(NAMED, (dict, "an object")),
    **dict.fromkeys((*SEVERAL, "enum", "required"), (list, "a list")),
    **dict.fromkeys(
        ("minProperties", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"), (int | float, "a number")
    ),
    **dict.fromkeys(("$ref", "format"), (str, "a text")),
}

Enforce = Callable[[Mapping[str, object], str], str]
"""Answers what `enforced` does, and knows that it compiles."""

MOST_CHARS = 128 * 1024
MOST_VALUE_CHARS = 8 * 1024
MOST_DEPTH = 48
MOST_LEVELS = 500
"""Of all that is referred to, one within the other."""
LIMITS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "format": (lambda _, value: value not in REFUSED_FORMATS, "cannot be enforced as this one"),
    "const": (
        lambda _, value: _longest([value]) <= MOST_VALUE_CHARS,
        f"is over {MOST_VALUE_CHARS} characters",
    ),
    "enum": (
        lambda _, value: _longest(value) <= MOST_VALUE_CHARS,
        f"has one over {MOST_VALUE_CHARS} characters",
    ),
    "properties": (lambda _, value: len(value) <= 1_000, "has more than 1,000 names"),
    "patternProperties": (lambda _, value: len(value) <= 32, "has more than 32 patterns"),
    "minProperties": (
        lambda schema, value: value <= 1 + len(schema.get("required", ())),  # a key may come twice
        "can only be enforced up to one more than are required",
    ),
    "multipleOf": (
        lambda _, value: 0 < _without_point(value) <= 10_000,
        "can only be enforced up to 10,000, the decimal point left out",
    ),
}


def enforced(schema: Mapping[str, object], *, field: str) -> str:
    """The schema as llguidance takes it within a grammar.

    Raises:
        Invalid: it cannot be enforced, or costs too much; its `field` goes on to the place.
    """
    text = json.dumps(schema)
    if len(text) > MOST_CHARS:
        message = f"The schema has {len(text):,} characters, and at most {MOST_CHARS:,} can be enforced."
        raise Invalid(message, field=field)
    own = json.loads(text)
    _Walk(field).over(own)
    return json.dumps({**own, "x-guidance": WRITTEN})


class _Walk:
    """Looks at a schema and all within it, and takes out what only describes."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._heights: dict[str, int] = {}
        """By place, as references write it: how many schemas stand there one within the other."""
        self._references: dict[str, str] = {}
        """By target: the field of the first."""

    def over(self, whole: dict[str, Any]) -> None:
        levels = self._into(whole, "#", self._field, MOST_DEPTH)
        for target, field in self._references.items():
            if target not in self._heights:
                raise Invalid(f"There is no schema at {target!r}.", field=field)
            levels += self._heights[target]
        if levels > MOST_LEVELS:
            message = (
                f"What it refers to may be {levels} levels deep, and at most {MOST_LEVELS} can be enforced."
            )
            raise Invalid(message, field=self._field)

    def _into(self, schema: object, place: str, field: str, depth: int) -> int:
        if not isinstance(schema, dict | bool):
            raise Invalid(f"A schema is an object or a boolean, not {schema!r:.40}.", field=field)
        if not depth:
            raise Invalid(f"Schemas can be enforced {MOST_DEPTH} deep.", field=field)
        height = 0
        if isinstance(schema, dict):
            self._keywords(schema, field)
            for *path, inner in _inner(schema):
                within = f"{place}/{'/'.join(map(_escaped, path))}"
                height = max(height, self._into(inner, within, ".".join((field, *path)), depth - 1))
        self._heights[place] = height + 1
        return height + 1

    def _keywords(self, schema: dict[str, Any], field: str) -> None:
        if schema.get("uniqueItems") is False:
            del schema["uniqueItems"]
        for keyword, value in schema.items():
            if wrong := _wrong(schema, keyword, value):
                raise Invalid(f"`{keyword}` {wrong}.", field=f"{field}.{keyword}")
        if schema.get("format") not in FORMATS:
            schema.pop("format", None)  # those that nobody knows only describe
        if "$ref" in schema:
            self._references.setdefault(schema["$ref"], f"{field}.$ref")


def _wrong(schema: Mapping[str, Any], keyword: str, value: Any) -> str:
    if keyword in REFUSED:
        return "cannot be enforced"
    kind, word = SHAPES.get(keyword, (object, ""))
    if not isinstance(value, kind) or (word == "a number" and isinstance(value, bool)):
        return f"has to be {word}"
    is_handy, sentence = LIMITS.get(keyword, (lambda *_: True, ""))
    return "" if is_handy(schema, value) else sentence


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The schemas within, each behind the steps that lead to it."""
    yield from ((keyword, schema[keyword]) for keyword in ONE if keyword in schema)
    for keyword in SEVERAL:
        yield from ((keyword, str(place), inner) for place, inner in enumerate(schema.get(keyword, ())))
    for keyword in NAMED:
        yield from ((keyword, name, inner) for name, inner in schema.get(keyword, {}).items())


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _longest(values: list[object]) -> int:
    return max((len(json.dumps(one)) for one in values), default=0)


def _without_point(number: float) -> int:
    """12 for 0.12 and 1,200."""
    return int("".join(map(str, Decimal(str(number)).normalize().as_tuple().digits)))
