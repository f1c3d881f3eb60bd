"""What did the model mean? Empty replies are asked for again, almost-JSON arguments are mended."""

from collections import Counter
from dataclasses import replace

from core.almost_json import mended_json
from core.conversation import Conversation
from core.events import NoteAdded, ReplyMended
from core.messages import AssistantMessage, Finish, Part, ToolCall
from core.policies import Ask
from core.protocols import Emit, Toolbox
from core.repetition import without_repetition
from flow.prompts import prompt

ATTEMPTS = 2
"""How often an empty reply is asked for again: first as it was, then with a word to the model."""


class ReplyRepair:
    async def mend(
        self, reply: AssistantMessage, conversation: Conversation, tools: Toolbox, ask: Ask, tell: Emit
    ) -> AssistantMessage:
        for attempt in range(ATTEMPTS):
            if reply.calls or reply.text.strip() or reply.finish is Finish.REPEATED:
                break
            await tell(ReplyMended(what="The reply was empty: asked again."))
            if attempt:
                await tell(NoteAdded(source="empty_reply", text=prompt("empty_reply")))
            reply = await ask(conversation)
        if reply.finish is Finish.REPEATED:
            await tell(ReplyMended(what="The reply went round in circles: cut."))
            return replace(reply, parts=tuple(map(_said_once, reply.parts)))
        return await self._mend_calls(reply, tell)

    async def _mend_calls(self, reply: AssistantMessage, tell: Emit) -> AssistantMessage:
        parts, seen = list[Part](), Counter[str]()
        for part in reply.parts:
            if not isinstance(part, ToolCall):
                parts.append(part)
                continue
            call = _with_json(part, cut=reply.finish is Finish.LENGTH)
            if call != part:
                await tell(ReplyMended(what=f"The arguments of {part.name} were almost JSON: mended."))
            parts.append(_with_own_id(call, seen))
        return replace(reply, parts=tuple(parts))


def _said_once(part: Part) -> Part:
    return part if isinstance(part, ToolCall) else replace(part, text=without_repetition(part.text))


def _with_json(call: ToolCall, *, cut: bool) -> ToolCall:
    """A reply that hit its length limit is left as it is: what it lacks cannot be known."""
    mended = None if cut else mended_json(call.arguments)
    return call if mended is None else replace(call, arguments=mended)


def _with_own_id(call: ToolCall, seen: Counter[str]) -> ToolCall:
    seen[call.id] += 1
    return call if seen[call.id] == 1 else replace(call, id=f"{call.id}-{seen[call.id]}")
