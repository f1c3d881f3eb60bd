"""Replies that are as good as none: asked for again, or cut, before they enter history."""

import re
from dataclasses import replace

from core.events import NoteAdded, ReplyMended
from core.messages import AssistantMessage, Finish, Part, ToolCall
from core.repetition import without_repetition
from core.tools import Toolbox
from flow.ladder import Scene
from flow.nudges import may_nudge
from flow.prompts import prompt

LAST_CHARS = 4_000
"""Of thoughts: where the call stands that they end with."""
ENDING = (">", "}", ")", "]", "|", "`")


async def call_in_thinking(reply: AssistantMessage, scene: Scene) -> AssistantMessage:
    """Thoughts that end with a call, and nothing after them: in there it was a plan, and did not run."""
    if is_empty(reply) and ends_with_call(reply.thinking, scene.tools) and may_nudge(scene.conversation):
        await scene.tell(
            ReplyMended(what="The model made its call within its thoughts, where none runs: asked again.")
        )
        await scene.tell(NoteAdded(source="call_in_thinking", text=prompt("call_in_thinking")))
        return await scene.ask(scene.conversation)
    return reply


async def empty_reply(reply: AssistantMessage, scene: Scene) -> AssistantMessage:
    """Neither words nor calls: asked for again, first as it was, then with a word to the model."""
    if is_empty(reply):
        await scene.tell(ReplyMended(what="The reply was empty: asked again."))
        reply = await scene.ask(scene.conversation)
    if is_empty(reply) and may_nudge(scene.conversation):
        await scene.tell(ReplyMended(what="The reply was empty: asked again."))
        await scene.tell(NoteAdded(source="empty_reply", text=prompt("empty_reply")))
        reply = await scene.ask(scene.conversation)
    return reply


async def said_once(reply: AssistantMessage, scene: Scene) -> AssistantMessage:
    """A reply that was cut because it went round in circles: each span stays once."""
    if reply.finish is not Finish.REPEATED:
        return reply
    await scene.tell(ReplyMended(what="The reply went round in circles: cut."))
    return replace(reply, parts=tuple(map(_once, reply.parts)))


def is_empty(reply: AssistantMessage) -> bool:
    """Thoughts alone are nothing; what a limit or a circle ended is another matter."""
    return not (reply.calls or reply.text.strip() or reply.finish is Finish.REPEATED)


def ends_with_call(thinking: str, tools: Toolbox) -> bool:
    """Whether thoughts end with what looks like a call of one of the tools, in whatever notation."""
    end = thinking.rstrip()[-LAST_CHARS:]
    named = "|".join(map(re.escape, tools.names()))
    return end.endswith(ENDING) and bool(named and re.search(rf"[\W_](?:{named})[\"'>({{\[<|\n ]", end))


def _once(part: Part) -> Part:
    return part if isinstance(part, ToolCall) else replace(part, text=without_repetition(part.text))
