"""Whether a value is valid by a JSON schema, by other means than what enforces it: the part that is enforced."""

import ipaddress
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

Schema = bool | Mapping[str, Any]
KINDS: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, Decimal),
    "integer": lambda value: isinstance(value, Decimal) and value == value.to_integral_value(),
}
FORMATS: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": lambda text: time.fromisoformat(_seconds_of_a_leap(text.upper())),
    "date-time": lambda text: datetime.fromisoformat(_seconds_of_a_leap(text.upper())),
    "uuid": uuid.UUID,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
}


def read(text: str) -> Any:
    """JSON with numbers as they are written."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def faults(schema: Schema, value: object, whole: Schema | None = None) -> list[str]:
    """The keywords that `value` offends, innermost first."""
    whole = schema if whole is None else whole
    if isinstance(schema, bool):
        return [] if schema else ["false"]
    found = [*_common(schema, value, whole)]
    if isinstance(value, str):
        found += _text(schema, value)
    elif isinstance(value, Decimal):
        found += _number(schema, value)
    elif isinstance(value, list):
        found += _array(schema, value, whole)
    elif isinstance(value, dict):
        found += _object(schema, value, whole)
    return found


def _common(schema: Mapping[str, Any], value: object, whole: Schema) -> Iterator[str]:
    kinds = schema.get("type", [])
    if kinds and not any(KINDS[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield "type"
    if "const" in schema and not _same(schema["const"], value):
        yield "const"
    if "enum" in schema and not any(_same(one, value) for one in schema["enum"]):
        yield "enum"
    if "$ref" in schema:
        yield from faults(_target(schema["$ref"], whole), value, whole)
    for branch in schema.get("allOf", []):
        yield from faults(branch, value, whole)
    if "anyOf" in schema and all(faults(branch, value, whole) for branch in schema["anyOf"]):
        yield "anyOf"
    if "oneOf" in schema and sum(not faults(branch, value, whole) for branch in schema["oneOf"]) != 1:
        yield "oneOf"


def _text(schema: Mapping[str, Any], value: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield "length"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield "pattern"
    if form := FORMATS.get(schema.get("format", "")):
        try:
            form(value)
        except ValueError:
            yield f"format {schema['format']} of {value!r}"


def _number(schema: Mapping[str, Any], value: Decimal) -> Iterator[str]:
    limits = {name: Decimal(str(schema[name])) for name in schema if name in NUMERIC}
    yield from (name for name, limit in limits.items() if not NUMERIC[name](value, limit))


NUMERIC: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "minimum": Decimal.__ge__,
    "maximum": Decimal.__le__,
    "exclusiveMinimum": Decimal.__gt__,
    "exclusiveMaximum": Decimal.__lt__,
    "multipleOf": lambda value, limit: value % limit == 0,
}


def _array(schema: Mapping[str, Any], value: list[object], whole: Schema) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield "items"
    first = schema.get("prefixItems", [])
    for place, item in enumerate(value):
        yield from faults(first[place] if place < len(first) else schema.get("items", True), item, whole)


def _object(schema: Mapping[str, Any], value: Mapping[str, object], whole: Schema) -> Iterator[str]:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        yield "properties"
    yield from (f"required {name}" for name in schema.get("required", []) if name not in value)
    for name, item in value.items():
        known = [schema["properties"][name]] if name in schema.get("properties", {}) else []
        known += [
            by for pattern, by in schema.get("patternProperties", {}).items() if re.search(pattern, name)
        ]
        for one in known or [schema.get("additionalProperties", True)]:
            yield from faults(one, item, whole)


def _same(expected: object, value: object) -> bool:
    return json.dumps(expected, sort_keys=True) == json.dumps(value, sort_keys=True, default=_plain)


def _plain(number: Decimal) -> float | int:
    return int(number) if number == number.to_integral_value() else float(number)


def _target(reference: str, whole: Schema) -> Schema:
    found: Any = whole
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found  # type: ignore[no-any-return]


def _seconds_of_a_leap(text: str) -> str:
    return re.sub(r"\.\d+", ".0", text.replace(":60", ":59"))
