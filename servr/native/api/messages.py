"""The messages and tools of a request, checked and made even, whatever a client's manners are.

What a template could not say is refused with its place: pictures, roles nobody knows, answers to no call.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from core.text import clip, quoted
from core.tools import ToolSpec
from servr.native.parts import Invalid

Json = Mapping[str, Any]
Even = dict[str, Any]

ROLES = ("system", "developer", "user", "assistant", "tool")
UNHEEDED = ("cache_control", "parsed", "parsed_arguments")
"""Of a message, a part, a call or a tool: hints to other servers, and what a client has read out of the text
beside them. They change nothing that is said."""
ANY_OBJECT: Json = {"type": "object", "properties": {}}
LONGEST_NAME = 128
MOST_LISTED = 12


def even_messages(said: object) -> list[Even]:
    """As `Chat.messages` has them. Raises Invalid."""
    messages = items(said, "messages")
    if not messages:
        raise Invalid("messages should hold one message at least.", field="messages")
    calls: set[str] = set()
    return [_even(message, f"messages[{index}]", calls) for index, message in enumerate(messages)]


def _even(said: object, place: str, known_calls: set[str]) -> Even:
    """One message; `known_calls` are the ids of those before it."""
    message = given(said, place)
    role = message.get("role")
    if role not in ROLES:
        raise Invalid(f"{place}.role should be {_one_of(ROLES)}, not {role!r}.", field=f"{place}.role")
    if role == "assistant":
        return _assistant(message, place, known_calls)
    if role == "tool":
        return _answer(message, place, known_calls)
    known(message, ("role", "content", "name"), place)
    even: Even = {"role": "system" if role == "developer" else role, "content": _content(message, place)}
    return even | _texts(message, ("name",), place)


def _assistant(message: Json, place: str, known_calls: set[str]) -> Even:
    known(message, ("role", "content", "name", "reasoning_content", "reasoning", "tool_calls"), place)
    calls = [
        _call(call, f"{place}.tool_calls[{index}]")
        for index, call in enumerate(items(message.get("tool_calls", []), f"{place}.tool_calls"))
    ]
    known_calls.update(call["id"] for call in calls)
    thoughts = _texts(message, ("reasoning", "reasoning_content"), place)
    even: Even = {"role": "assistant", **_texts(message, ("name",), place)}
    even["content"] = "" if (calls or thoughts) and "content" not in message else _content(message, place)
    if thought := thoughts.get("reasoning_content") or thoughts.get("reasoning"):
        even["reasoning_content"] = thought
    return even | ({"tool_calls": calls} if calls else {})


def _call(said: object, place: str) -> Even:
    call = given(said, place)
    known(call, ("id", "type", "function", "index"), place)
    _of_functions(call, place)
    function = given(call.get("function"), f"{place}.function")
    known(function, ("name", "arguments"), f"{place}.function")
    name, arguments = (needed(function, name, f"{place}.function") for name in ("name", "arguments"))
    return {
        "id": needed(call, "id", place),
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _answer(message: Json, place: str, known_calls: Set[str]) -> Even:
    known(message, ("role", "content", "name", "tool_call_id"), place)
    call_id = needed(message, "tool_call_id", place)
    if call_id not in known_calls:
        said = f"{place}.tool_call_id: no assistant message before it has a call {quoted(call_id)}."
        raise Invalid(said, field=f"{place}.tool_call_id")
    return {"role": "tool", "content": _content(message, place), "tool_call_id": call_id}


def _content(message: Json, place: str) -> str:
    content, place = message.get("content"), f"{place}.content"
    if isinstance(content, str):
        return content
    if content is None:
        raise Invalid(f"{place} is missing.", field=place)
    if not isinstance(content, list):
        raise Invalid(
            f"{place} should be text or a list of parts, not {clip(repr(content), 80)}.", field=place
        )
    return "\n".join(_part(part, f"{place}[{index}]") for index, part in enumerate(content))


def _part(said: object, place: str) -> str:
    part = given(said, place)
    if (kind := part.get("type")) != "text":
        field = f"{place}.{kind}" if isinstance(kind, str) and kind in part else f"{place}.type"
        raise Invalid(f"{field}: this model reads text only, no {quoted(str(kind))}.", field=field)
    known(part, ("type", "text"), place)
    return needed(part, "text", place)


def even_tools(said: object) -> tuple[list[ToolSpec], frozenset[str]]:
    """The tools, and the names of those that are strict. Raises Invalid."""
    specs: dict[str, ToolSpec] = {}
    strict = set()
    for index, entry in enumerate(items(said, "tools")):
        place = f"tools[{index}]"
        tool = given(entry, place)
        known(tool, ("type", "function"), place)
        _of_functions(tool, place)
        function, place = given(tool.get("function"), f"{place}.function"), f"{place}.function"
        spec = _tool(function, place)
        if spec.name in specs:
            raise Invalid(f"{place}.name: there are two tools {quoted(spec.name)}.", field=f"{place}.name")
        specs[spec.name] = spec
        if flag(function, "strict", place):
            strict.add(spec.name)
    return list(specs.values()), frozenset(strict)


def _tool(function: Json, place: str) -> ToolSpec:
    known(function, ("name", "description", "parameters", "strict"), place)
    name = needed(function, "name", place)
    if not name or len(name) > LONGEST_NAME or any(sign.isspace() or sign in "\"'`<>{}" for sign in name):
        said = f"{place}.name should be 1 to {LONGEST_NAME} letters, digits, dots, lines or dashes."
        raise Invalid(said, field=f"{place}.name")
    parameters = given(function.get("parameters") or ANY_OBJECT, f"{place}.parameters")
    description = _texts(function, ("description",), place).get("description", "")
    return ToolSpec(name=name, description=description, parameters=parameters)


def _of_functions(entry: Json, place: str) -> None:
    if (kind := entry.get("type", "function")) != "function":
        field = f"{place}.type"
        raise Invalid(f"{field} should be 'function', not {quoted(str(kind))}.", field=field)


def _texts(holder: Json, names: Sequence[str], place: str) -> dict[str, str]:
    return {name: needed(holder, name, place) for name in names if name in holder}


def items(value: object, place: str) -> Sequence[object]:
    listed: list[object] = _as(value, list, "a list", place)
    return listed


def given(value: object, place: str) -> Json:
    """An object, without what is null: to clients that is the same as not said."""
    said: dict[str, Any] = _as(value, dict, "an object", place)
    return {name: held for name, held in said.items() if held is not None}


def needed(holder: Json, name: str, place: str) -> str:
    """A text that has to be there."""
    text: str = _as(holder.get(name), str, "text", f"{place}.{name}")
    return text


def flag(holder: Json, name: str, place: str) -> bool:
    return bool(_as(holder.get(name, False), bool, "true or false", f"{place}.{name}"))


def _as(value: object, kind: type, words: str, place: str) -> Any:
    if value is None:
        raise Invalid(f"{place} is missing.", field=place)
    if not isinstance(value, kind):
        raise Invalid(f"{place} should be {words}, not {clip(repr(value), 80)}.", field=place)
    return value


def known(holder: Json, names: Sequence[str], place: str = "") -> None:
    """Raises Invalid for the first name that is none of these."""
    for name in holder:
        if name not in names and name not in UNHEEDED:
            raise unknown(name, names, place)


def unknown(name: str, names: Sequence[str], place: str = "") -> Invalid:
    from difflib import get_close_matches

    field = f"{place}.{name}" if place else name
    close = get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]}?" if close else f" There may be {_one_of(names)}."
    told = hint if close or len(names) <= MOST_LISTED else ""
    return Invalid(f"{quoted(field)} is not supported.{told}", field=field)


def _one_of(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
