"""Repair of calls through `use_skill`: what is within is mended like a call of the skill itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.almost_json import plain_object
from core.errors import ToolError
from core.messages import ToolCall
from core.schema import parameters_of
from core.skill_shelf import USE_SKILL
from core.tools import Toolbox
from flow.argument_names import renamed
from flow.coercion import coerced
from flow.ladder import for_each_call


@for_each_call
def skill_calls(call: ToolCall, tools: Toolbox) -> tuple[ToolCall, Sequence[str]]:
    """Arguments of a skill that stand beside its name, have other names, or other types."""
    if call.name != USE_SKILL:
        return call, ()
    try:
        given = plain_object(call.arguments)
        schema = _schema(given.get("name"), tools)
    except (ValueError, ToolError):
        return call, ()  # for the executor to refuse
    inner, beside = given.get("arguments", {}), {**given}
    for own in ("name", "arguments"):
        beside.pop(own, None)
    if not isinstance(inner, Mapping) or (inner and beside):
        return call, ()
    named, renames = renamed(inner or beside, schema.get("properties", ()))
    fitted, changes = coerced(named, schema)
    told = [*(["they stood beside the name"] if beside else []), *renames, *changes]
    if not told:
        return call, ()
    text = json.dumps({"name": given["name"], "arguments": fitted}, ensure_ascii=False)
    return replace(call, arguments=text), (f"The arguments of {given['name']}: {'; '.join(told)}.",)


def _schema(name: object, tools: Toolbox) -> Mapping[str, Any]:
    """Raises ValueError or ToolError when there is no such skill."""
    if not isinstance(name, str) or name == USE_SKILL or name not in tools.names():
        raise ValueError(name)
    return parameters_of(tools.find(name))
