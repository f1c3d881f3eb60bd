"""Values brought to the type that a schema wants, where they can be read in one way only.

Text that is exactly a number, true, false, a list or an object is read; a number stands for its digits, a
single value for a list of one; null counts as left out. Nothing else: no "yes" for true, no rounding.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from core.almost_json import read_object
from core.text import clip

WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.0{1,9})?")
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,29})(?:\.\d{1,30})?(?:[eE][-+]?\d{1,2})?")
TRUTH: Mapping[str, bool] = {"true": True, "false": False}
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
SHOWN_CHARS = 40


def coerced(
    given: Mapping[str, object], schema: Mapping[str, object]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The arguments as `schema` wants them, and what was changed."""
    changes: list[str] = []
    return _members(given, schema, "", changes), tuple(changes)


def fits(item: object, schema: object) -> bool:
    """Whether `item` has the types, members and choices of `schema`."""
    if not isinstance(schema, Mapping):
        return True
    if "anyOf" in schema:
        return any(fits(item, choice) for choice in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return item in schema.get("enum", (schema.get("const"),))
    return _is(item, schema.get("type")) and _fits_within(item, schema)


def _fits_within(item: object, schema: Mapping[str, Any]) -> bool:
    match item:
        case list():
            return all(fits(one, schema.get("items")) for one in item)
        case dict():
            members = schema.get("properties", {})
            needed = set(schema.get("required", ()))
            return needed <= item.keys() and all(fits(one, members.get(name)) for name, one in item.items())
    return True


def _members(
    given: Mapping[str, object], schema: Mapping[str, object], place: str, changes: list[str]
) -> dict[str, object]:
    members, needed = schema.get("properties"), schema.get("required")
    known = members if isinstance(members, Mapping) else {}
    found: dict[str, object] = {}
    for name, item in given.items():
        if item is None and name in known and not (isinstance(needed, list | tuple) and name in needed):
            changes.append(f"{place}{name} was null, and counts as left out")
        else:
            found[name] = _value(item, known.get(name), f"{place}{name}", changes)
    return found


def _value(item: object, schema: object, place: str, changes: list[str]) -> object:
    if not isinstance(schema, Mapping) or fits(item, schema):
        return item
    if isinstance(item, dict) and schema.get("type") == "object":
        return _members(item, schema, f"{place}.", changes)
    if isinstance(item, list) and schema.get("type") == "array":
        return [_value(one, schema.get("items"), f"{place}.{at}", changes) for at, one in enumerate(item)]
    read = next((found for found in _readings(item, schema) if fits(found, schema)), item)
    if read is not item:
        changes.append(f"{place} was {_shown(item)}, read as {_shown(read)}")
    return read


def _readings(item: object, schema: Mapping[str, object]) -> Iterator[object]:
    """What `item` may stand for; only what then fits is taken."""
    choices = schema.get("anyOf")
    for choice in choices if isinstance(choices, list | tuple) else ():
        yield from _readings(item, choice)
    match schema.get("type"), item:
        case "string", int() | float() if not isinstance(item, bool):
            yield json.dumps(item)
        case "integer", float() if item.is_integer():
            yield int(item)
        case "integer" | "number" | "boolean" | "object" | "array", str():
            yield from _read(item.strip())
    if schema.get("type") == "array" and not isinstance(item, list):
        yield [_value(item, schema.get("items"), "", [])]


def _read(text: str) -> Iterator[object]:
    if WHOLE.fullmatch(text):
        yield int(text.partition(".")[0])
    if NUMBER.fullmatch(text):
        yield json.loads(text)
    if text.lower() in TRUTH:
        yield TRUTH[text.lower()]
    if text.startswith(("[", "{")):
        with suppress(ValueError):
            read = read_object(f'{{"it": {text}}}')
            yield from read.values() if len(read) == 1 else ()


def _is(item: object, kind: object) -> bool:
    """True and 1 are not the same here."""
    wanted = TYPES.get(kind) if isinstance(kind, str) else None
    return wanted is None or (isinstance(item, wanted) and isinstance(item, bool) <= (bool in wanted))


def _shown(item: object) -> str:
    return clip(json.dumps(item, ensure_ascii=False), SHOWN_CHARS)
