"""What a rung of the repair ladder is, and what it has to work with."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Protocol

from core.conversation import Conversation
from core.events import ReplyMended
from core.messages import AssistantMessage, Finish, ToolCall
from core.policies import Ask
from core.protocols import Emit
from core.records import dataclass
from core.text import clip
from core.tools import Toolbox
from flow.server_ways import ServerWays


@dataclass(frozen=True)
class Scene:
    """Where a reply stands: what was said before it, what it may call, and who can be asked and told."""

    conversation: Conversation
    tools: Toolbox
    ask: Ask
    tell: Emit
    ways: ServerWays


class Rung(Protocol):
    """Mends one thing, and tells what; a reply without that fault is given back as it is."""

    async def __call__(self, reply: AssistantMessage, scene: Scene, /) -> AssistantMessage: ...


MOST_REASON_CHARS = 300
CallMend = Callable[[ToolCall, Toolbox], tuple[ToolCall, Sequence[str]]]
"""A pure repair of one call: what was meant, and a sentence on each thing that was mended."""


def for_each_call(mend: CallMend) -> Rung:
    """A repair of one call as a rung. What a length limit cut is left: nobody knows what it lacks."""

    @wraps(mend)
    async def rung(reply: AssistantMessage, scene: Scene) -> AssistantMessage:
        if reply.finish is Finish.LENGTH:
            return reply
        for call in reply.calls:
            mended, reasons = mend(call, scene.tools)
            for reason in reasons:
                await scene.tell(ReplyMended(what=clip(reason, MOST_REASON_CHARS)))
            reply = with_call(reply, call, mended)
        return reply

    return rung


def with_call(reply: AssistantMessage, call: ToolCall, mended: ToolCall) -> AssistantMessage:
    """`reply` with another call in the place of one of its own; the words of a mended one are void."""
    if mended != call:
        mended = replace(mended, source="")
    return replace(reply, parts=tuple(mended if part is call else part for part in reply.parts))
