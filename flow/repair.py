"""What did the model mean? A ladder of repairs; each rung mends one thing, and tells it as an event.

reply ─► nothing said? ─► circles? ─► name ─► JSON ─► argument names ─► types ─► wrong again? ─► history
         asked again      cut                                                    held to the schema

What may not be mended is left for the executor, which refuses it in one line: an open string, two values for
one name, a tool that is merely called alike, and anything in a reply that its length limit cut.
"""

from collections.abc import Callable
from dataclasses import field

from core.conversation import Conversation
from core.endpoint import ServerFacts
from core.marking import put_together
from core.messages import AssistantMessage
from core.policies import Ask
from core.protocols import Emit
from core.records import dataclass
from core.tools import Toolbox
from flow.asking_again import call_in_thinking, empty_reply, said_once
from flow.call_mends import aliases, almost_json, coercion, names, text_calls, with_own_ids
from flow.constrained import constrained
from flow.ladder import Rung, Scene
from flow.masking import mapped
from flow.server_ways import ServerWays, nobody_known
from flow.skill_calls import skill_calls

RUNGS: tuple[Rung, ...] = (
    call_in_thinking,
    empty_reply,
    said_once,
    text_calls,
    names,
    almost_json,
    aliases,
    coercion,
    skill_calls,
    constrained,
)
"""From the first to the last; each does without the others."""


@dataclass
class ReplyRepair:
    server: Callable[[], ServerFacts | None] = nobody_known
    """What is known of the server that is asked."""
    rungs: tuple[Rung, ...] = RUNGS
    _ways: ServerWays = field(init=False)

    def __post_init__(self) -> None:
        self._ways = ServerWays(self.server)

    async def mend(
        self, reply: AssistantMessage, conversation: Conversation, tools: Toolbox, ask: Ask, tell: Emit
    ) -> AssistantMessage:
        scene = Scene(conversation, tools, ask, tell, self._ways)
        reply = mapped(reply, put_together)
        for rung in self.rungs:
            reply = await rung(reply, scene)
        return with_own_ids(reply)
