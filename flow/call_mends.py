"""Repairs of calls: their names, the form of their arguments, the names of these and their types.

They are pure, change no meaning, and say what they did. What they leave, the executor refuses in one line.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.almost_json import mended_json, plain_object
from core.errors import InvalidArguments
from core.events import ReplyMended
from core.messages import AssistantMessage, Part, ToolCall
from core.schema import parameters_of
from core.tools import Toolbox
from flow.argument_names import renamed
from flow.coercion import coerced
from flow.ladder import Scene, for_each_call

PREFIX = re.compile(r"(?:functions|tools?)[.:]", re.IGNORECASE)
WRITTEN_CALLS = ReplyMended(what="The model writes its calls as text: they are read and made.")
Fit = Callable[[Mapping[str, object], Mapping[str, Any]], tuple[dict[str, object], Sequence[str]]]


async def text_calls(reply: AssistantMessage, scene: Scene) -> AssistantMessage:
    """Calls that were written as text, which a gateway has read already: that there are any is told once.

    What was wrong with their words is told each time, and these are void: history holds what was meant.
    """
    replies = (said for said in scene.conversation.messages if isinstance(said, AssistantMessage))
    if _has_written_call(reply) and not any(map(_has_written_call, replies)):
        await scene.tell(WRITTEN_CALLS)
    for call in reply.calls:
        for fault in call.mends:
            await scene.tell(
                ReplyMended(what=f"The call of {call.name}, written as text, was mended: {fault}.")
            )
    return replace(reply, parts=tuple(map(_as_meant, reply.parts)))


@for_each_call
def names(call: ToolCall, tools: Toolbox) -> tuple[ToolCall, Sequence[str]]:
    """A name that differs only in case, in '-' and '_', or by a prefix; what is merely near is no name."""
    if call.name in tools.names():
        return call, ()
    alike = [known for known in tools.names() if _folded(known) == _folded(call.name)]
    if len(alike) != 1:
        return call, ()
    return replace(call, name=alike[0]), (f"The tool {call.name!r} is called {alike[0]}.",)


@for_each_call
def almost_json(call: ToolCall, tools: Toolbox) -> tuple[ToolCall, Sequence[str]]:
    """JSON that is wrong in its form only."""
    mended = mended_json(call.arguments)
    if mended is None or mended == call.arguments:
        return call, ()
    return replace(call, arguments=mended), (f"The arguments of {call.name} were almost JSON: mended.",)


@for_each_call
def aliases(call: ToolCall, tools: Toolbox) -> tuple[ToolCall, Sequence[str]]:
    """Arguments under the names that other agents have for them."""
    return _refitted(call, tools, lambda given, schema: renamed(given, schema.get("properties", ())))


@for_each_call
def coercion(call: ToolCall, tools: Toolbox) -> tuple[ToolCall, Sequence[str]]:
    """Values of another type than the schema's that can be read in one way only."""
    return _refitted(call, tools, coerced)


def with_own_ids(reply: AssistantMessage) -> AssistantMessage:
    """Calls that share an id are told apart, or their answers could not be."""
    seen = Counter[str]()
    return replace(reply, parts=tuple(_with_own_id(part, seen) for part in reply.parts))


def _has_written_call(reply: AssistantMessage) -> bool:
    return any(call.source and not call.mends for call in reply.calls)


def _as_meant(part: Part) -> Part:
    return replace(part, source="", mends=()) if isinstance(part, ToolCall) and part.mends else part


def _with_own_id(part: Part, seen: Counter[str]) -> Part:
    if not isinstance(part, ToolCall):
        return part
    seen[part.id] += 1
    return part if seen[part.id] == 1 else replace(part, id=f"{part.id}-{seen[part.id]}")


def _refitted(call: ToolCall, tools: Toolbox, fit: Fit) -> tuple[ToolCall, Sequence[str]]:
    try:
        given, schema = plain_object(call.arguments), parameters_of(tools.find(call.name))
    except (ValueError, InvalidArguments):
        return call, ()  # for the executor to refuse
    fitted, changes = fit(given, schema)
    if not changes:
        return call, ()
    mended = replace(call, arguments=json.dumps(fitted, ensure_ascii=False))
    return mended, (f"The arguments of {call.name}: {'; '.join(changes)}.",)


def _folded(name: str) -> str:
    return PREFIX.sub("", name.strip(), count=1).replace("-", "").replace("_", "").casefold()
