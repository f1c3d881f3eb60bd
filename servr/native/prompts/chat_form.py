"""The messages and tools of the API in the form that a model's template wants them in."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from core.tools import ToolSpec
from servr.native.parts import Invalid
from servr.native.prompts.templates import FAULTS

Message = dict[str, Any]
Render = Callable[[Sequence[Message], Sequence[ToolSpec]], str]

SHORT_ID = 9
"""So long are the ids of calls that Mistral's templates take, and no other."""
PROBE = "probeword"
REPLY = "probereply"
PROBE_CALL = '{"probekey":  1}'  # two spaces: written anew it would have one
PROBE_TOOL = ToolSpec(name=PROBE, description=PROBE, parameters={"type": "object", "properties": {}})


@dataclass(frozen=True)
class Form:
    """What a template wants; found out by trying."""

    knows_tools: bool = False
    knows_calls: bool = False
    one_by_one: bool = False
    """Whether it shows no more than one call of a message, or refuses others."""
    keeps_arguments: bool = False
    """Whether it writes the arguments of a call as they stand, when they are given as text."""
    separator: str = ""
    """What it writes between the text of a reply and its calls."""
    wants_parts: bool = False
    """Whether it looks for content in parts only."""
    short_ids: bool = False


def form_of(render: Render, text: str) -> Form:
    """`text`: the template's own."""
    user = {"role": "user", "content": PROBE}

    def rendered(*messages: Message, tools: Sequence[ToolSpec] = ()) -> str:
        try:
            return render(messages, tools)
        except FAULTS:
            return ""

    def shows(sought: str, *messages: Message, tools: Sequence[ToolSpec] = ()) -> bool:
        return sought in rendered(*messages, tools=tools)

    def called(arguments: object, text: str = "") -> Message:
        call = {"id": "probe0001", "type": "function", "function": {"name": "probe", "arguments": arguments}}
        return {"role": "assistant", "content": text, "tool_calls": [call]}

    def twice(arguments: object) -> Message:
        return {**called(arguments), "tool_calls": called(arguments)["tool_calls"] * 2}

    def keys(message: Message) -> int:
        return rendered(user, message).count("probekey")

    def between(arguments: object) -> str:
        alone, behind = rendered(user, called(arguments)), rendered(user, called(arguments, REPLY))
        _, _, rest = behind.partition(REPLY)
        return rest[: max(0, len(behind) - len(alone) - len(REPLY))]

    parts = {"role": "user", "content": [{"type": "text", "text": PROBE}]}
    keeps_arguments = shows(PROBE_CALL, user, called(PROBE_CALL))
    arguments = PROBE_CALL if keeps_arguments else json.loads(PROBE_CALL)
    knows_calls = shows("probekey", user, called(arguments))
    return Form(
        knows_tools=shows(PROBE, {"role": "user", "content": "Hi."}, tools=(PROBE_TOOL,)),
        knows_calls=knows_calls,
        one_by_one=knows_calls and keys(twice(arguments)) <= keys(called(arguments)),
        keeps_arguments=keeps_arguments,
        separator=between(arguments),
        wants_parts=not shows(PROBE, user) and shows(PROBE, parts),
        short_ids="length != 9" in text,
    )


def shaped(messages: Sequence[Mapping[str, Any]], form: Form) -> list[Message]:
    """Raises `Invalid` for what the template could only leave out."""
    names: dict[str, str] = {}
    """Of the tools that were called, by the call's id."""
    numbered = enumerate(messages)
    each = _one_by_one(numbered) if form.one_by_one else numbered
    return [_shaped(message, form, names, number) for number, message in each]


def _one_by_one(numbered: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each call in a message of its own, with its answer behind it: who calls twice has to be heard on."""
    later: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for number, message in numbered:
        if message["role"] != "tool":
            yield from later.values()
            later.clear()
        elif message["tool_call_id"] in later:
            yield later.pop(message["tool_call_id"])
        first, rest = message.get("tool_calls", ())[:1], message.get("tool_calls", ())[1:]
        yield number, {**message, "tool_calls": first} if first else message
        for call in rest:
            later[call["id"]] = number, {"role": "assistant", "content": "", "tool_calls": [call]}
    yield from later.values()


def tool_form(tools: Sequence[ToolSpec]) -> list[Message]:
    return [
        {
            "type": "function",
            "function": {"name": one.name, "description": one.description, "parameters": one.parameters},
        }
        for one in tools
    ]


def _shaped(message: Mapping[str, Any], form: Form, names: dict[str, str], number: int) -> Message:
    found = dict(message)
    field = f"messages[{number}]"
    if form.wants_parts:
        found["content"] = [{"type": "text", "text": found["content"]}]
    if "reasoning_content" in found:
        found["thinking"] = found["reasoning_content"]  # as templates of gpt-oss call it
    if calls := found.pop("tool_calls", None):
        if not form.knows_calls:
            raise Invalid("The model's chat template knows no calls.", field=f"{field}.tool_calls")
        found["tool_calls"] = [
            _call(call, form, f"{field}.tool_calls[{place}]") for place, call in enumerate(calls)
        ]
        names.update((call["id"], call["function"]["name"]) for call in calls)
    if found["role"] == "tool":
        found |= _answered(found, form, names)
    return found


def _call(call: Mapping[str, Any], form: Form, field: str) -> Message:
    name, arguments = call["function"]["name"], call["function"]["arguments"] or "{}"
    if not form.keeps_arguments:
        arguments = _object(arguments, f"{field}.function.arguments")
    function = {"name": name, "arguments": arguments}
    return {"id": _id(call["id"], form), "type": "function", "function": function}


def _object(arguments: str, field: str) -> object:
    try:
        return json.loads(arguments)
    except ValueError as error:
        raise Invalid(
            f"The chat template needs an object here, and this is no JSON: {error}.", field=field
        ) from error


def _answered(message: Message, form: Form, names: Mapping[str, str]) -> Message:
    identity = message["tool_call_id"]
    known = {"name": names[identity]} if identity in names else {}
    return {**known, "tool_call_id": _id(identity, form)}


def _id(identity: str, form: Form) -> str:
    if not form.short_ids or (len(identity) == SHORT_ID and identity.isalnum()):
        return identity
    return sha256(identity.encode()).hexdigest()[:SHORT_ID]
