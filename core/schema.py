"""From an arguments model to what a language model is told of it, and back from what it wrote."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from core.almost_json import mended_json, read_object
from core.errors import InvalidArguments
from core.protocols import AnyTool

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

KEPT_KEYS = ("type", "description", "enum", "const", "anyOf", "items", "properties", "required")
"""What a schema keeps. Servers compile the rest into grammars, and some of them fail at it."""

ALIASES = {
    "path": ("file_path", "filename", "file_name", "file", "filepath", "directory", "dir", "folder"),
    "pattern": ("query", "regex", "search", "text", "glob"),
    "content": ("contents", "text", "body", "file_text"),
    "old": ("old_string", "old_str", "old_text", "search"),
    "new": ("new_string", "new_str", "new_text", "replace", "replacement"),
    "glob": ("include", "file_pattern"),
    "start": ("offset", "start_line", "line"),
    "count": ("limit", "line_count", "lines"),
    "command": ("cmd",),
    "code": ("script", "source"),
    "url": ("uri", "link"),
    "timeout_seconds": ("timeout",),
    "question": ("prompt", "message"),
}
"""What other agents call an argument; a name that is an argument itself is never taken for another."""

REMARKS = frozenset({"description", "explanation", "reason", "thought", "thoughts", "comment"})
"""Arguments that models add to any call, to say why; they change nothing and are dropped."""

FAULTS = {
    "missing": "is missing",
    "greater_than_equal": "should be at least {ge}",
    "less_than_equal": "should be at most {le}",
    "string_type": "should be text, not {given}",
    "int_parsing": "should be a whole number, not {given}",
    "int_type": "should be a whole number, not {given}",
    "int_from_float": "should be a whole number, not {given}",
    "float_parsing": "should be a number, not {given}",
    "float_type": "should be a number, not {given}",
    "bool_parsing": "should be true or false, not {given}",
    "bool_type": "should be true or false, not {given}",
    "list_type": "should be a list, not {given}",
    "literal_error": "should be {expected}, not {given}",
    "enum": "should be {expected}, not {given}",
}


def schema_of(args: "type[BaseModel]") -> tuple[str, dict[str, Any]]:
    """The description and the lean JSON schema of an arguments model: types, names and what is required."""
    whole = args.model_json_schema()
    lean = _lean(whole, whole.get("$defs", {}))
    lean.setdefault("properties", {})
    description: str = lean.pop("description", "")
    return description, lean


def parse_arguments(tool: AnyTool, text: str) -> "BaseModel":
    """What `text` asks of `tool`: mended in form, other names understood, values brought to their type.

    Raises:
        InvalidArguments: one line on what to mend.
    """
    from pydantic import ValidationError

    try:
        given = read_object(text)
    except ValueError as error:
        raise _refusal(tool, [f"the arguments {error}"]) from error
    properties = _properties(tool.args)
    fitted = _fitted(_named(given, properties), properties)
    try:
        args = tool.args.model_validate(fitted)
    except ValidationError as error:
        raise _refusal(tool, [*_unknown(given, properties), *map(_fault, error.errors())]) from error
    if faults := list(_unknown(given, properties)):
        raise _refusal(tool, faults)
    return args


def _refusal(tool: AnyTool, faults: Iterable[str]) -> InvalidArguments:
    said = f"{tool.name} was not run: {'; '.join(faults)}."
    return InvalidArguments(said, hint="Call it again with these mended.")


@cache
def _properties(args: "type[BaseModel]") -> Mapping[str, Any]:
    properties: Mapping[str, Any] = schema_of(args)[1]["properties"]
    return properties


def _lean(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    plain = _without_detours(schema, definitions)
    return {key: _lean_part(key, plain[key], definitions) for key in KEPT_KEYS if key in plain}


def _without_detours(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """`schema` with its reference followed, and "this or null" as this: an optional argument is left out."""
    rest = dict(schema)
    if reference := rest.pop("$ref", None):
        return _without_detours(definitions[reference.rpartition("/")[2]] | rest, definitions)
    choices = [choice for choice in rest.pop("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        return _without_detours(choices[0] | rest, definitions)
    return rest | {"anyOf": choices} if choices else rest


def _lean_part(key: str, part: Any, definitions: Mapping[str, Any]) -> Any:
    match key:
        case "properties":
            return {name: _lean(inner, definitions) for name, inner in part.items()}
        case "items":
            return _lean(part, definitions)
        case "anyOf":
            return [_lean(inner, definitions) for inner in part]
        case "description":
            return " ".join(part.split())
    return part


def _named(given: Mapping[str, object], properties: Mapping[str, Any]) -> dict[str, object]:
    """The arguments that the tool has, under the names it has for them."""
    found = {name: item for name, item in given.items() if name in properties}
    for name, item in given.items():
        if name not in properties and (meant := _meant(name, properties)):
            found.setdefault(meant, item)
    return found


def _meant(name: str, properties: Mapping[str, Any]) -> str | None:
    """Which argument `name` stands for."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower()
    if plain in properties:
        return plain
    return next((to for to, others in ALIASES.items() if plain in others and to in properties), None)


def _unknown(given: Mapping[str, object], properties: Mapping[str, Any]) -> Iterator[str]:
    for name in given:
        if name not in properties and name not in REMARKS and _meant(name, properties) is None:
            yield f"it has no argument {name!r}, only {', '.join(properties) or 'none'}"


def _fitted(given: Mapping[str, object], properties: Mapping[str, Any]) -> dict[str, object]:
    """Values as their schema wants them, where that is plain; null counts as left out."""
    return {
        name: _coerced(item, properties[name].get("type")) for name, item in given.items() if item is not None
    }


def _coerced(item: object, kind: object) -> object:
    match kind, item:
        case "string", int() | float() if not isinstance(item, bool):
            return str(item)
        case "array", str() if item.lstrip().startswith("["):
            found = mended_json(f'{{"list": {item}}}')
            return read_object(found)["list"] if found else [item]
        case "array", str() | int() | float() | bool():
            return [item]
        case "object", str():
            found = mended_json(item)
            return read_object(found) if found else item
    return item


def _fault(error: "ErrorDetails") -> str:
    place = ".".join(map(str, error["loc"])) or "the arguments"
    words = FAULTS.get(error["type"])
    if words is None:
        said = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
        return f"{place}: {said}"
    given = repr(error["input"])
    shown = given if len(given) <= 60 else f"{given[:60]}..."
    return f"{place}: {words.format(given=shown, **error.get('ctx', {}))}"
