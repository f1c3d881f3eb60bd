"""From an arguments model to what a language model is told of it, and back from what it wrote."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from core.almost_json import plain_object
from core.errors import InvalidArguments
from core.text import clip
from core.tools import AnyTool

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

KEPT_KEYS = ("type", "description", "enum", "const", "anyOf", "items", "properties", "required")
"""What a schema keeps. Servers compile the rest into grammars, and some of them fail at it."""

MOST_FAULT_CHARS = 600
FAULTS = {
    "missing": "is missing",
    "greater_than_equal": "should be at least {ge}",
    "greater_than": "should be more than {gt}",
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
    "dict_type": "should be an object, not {given}",
    "model_type": "should be an object, not {given}",
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
    """What `text` asks of `tool`. It is taken as it stands: mending is the work of `flow/repair.py`.

    Raises:
        InvalidArguments: one line on what to mend, and what it should look like.
    """
    from pydantic import ValidationError

    try:
        given = plain_object(text)
    except ValueError as error:
        raise _refusal(tool, [f"the arguments {error}"]) from error
    unknown = list(_unknown(given, parameters_of(tool).get("properties", {})))
    try:
        args = tool.args.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise _refusal(tool, [*unknown, *map(_fault, error.errors())]) from error
    if unknown:
        raise _refusal(tool, unknown)
    return args


def parameters_of(tool: AnyTool) -> Mapping[str, Any]:
    """The lean schema of a tool's arguments."""
    return _parameters(tool.args)


@cache
def _parameters(args: "type[BaseModel]") -> Mapping[str, Any]:
    return schema_of(args)[1]


def shape_of(schema: Mapping[str, Any]) -> str:
    """What a schema wants, in the fewest words: `{"path": string, "start"?: integer}`."""
    if choices := schema.get("anyOf"):
        return " | ".join(map(shape_of, choices))
    if named := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return " | ".join(json.dumps(one, ensure_ascii=False) for one in named)
    if "items" in schema:
        return f"[{shape_of(schema['items'])}]"
    if members := schema.get("properties"):
        needed = schema.get("required", ())
        shapes = (
            f'"{name}"{"" if name in needed else "?"}: {shape_of(inner)}' for name, inner in members.items()
        )
        return f"{{{', '.join(shapes)}}}"
    return "{}" if "properties" in schema else str(schema.get("type", "anything"))


def _refusal(tool: AnyTool, faults: Iterable[str]) -> InvalidArguments:
    said = f"{tool.name} was not run: {clip('; '.join(faults), MOST_FAULT_CHARS)}."
    shape = shape_of(parameters_of(tool))
    return InvalidArguments(said, hint=f"Call it again with these mended: {shape}")


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


def _unknown(given: Mapping[str, object], properties: Mapping[str, Any]) -> Iterator[str]:
    for name in given:
        if name not in properties:
            yield f"it has no argument {name!r}, only {', '.join(properties) or 'none'}"


def _fault(error: "ErrorDetails") -> str:
    place = ".".join(map(str, error["loc"])) or "the arguments"
    words = FAULTS.get(error["type"])
    if words is None:
        said = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
        return f"{place}: {said}"
    given = repr(error["input"])
    shown = given if len(given) <= 60 else f"{given[:60]}..."
    return f"{place}: {words.format(given=shown, **error.get('ctx', {}))}"
