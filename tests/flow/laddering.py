"""What the tests of the repair ladder share: a model that is asked again, and what is told meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, Field

from core.conversation import Conversation
from core.endpoint import Constraint, ServerFacts
from core.errors import GatewayError
from core.events import Event, ReplyMended
from core.messages import AssistantMessage, Finish, Text, ToolCall
from core.permissions import Effect
from core.protocols import ArgumentsOf
from core.tools import ToolContext, ToolResult
from flow.ladder import Rung
from flow.repair import RUNGS, ReplyRepair
from tool.registry import Registry, entry_of


class Pair(BaseModel):
    """A pair."""

    left: int
    right: str = "x"


class LookArgs(BaseModel):
    """Look at things."""

    path: str
    pattern: str = ""
    count: int = Field(1, ge=1)
    ratio: float | None = None
    all: bool = False
    names: list[str] = Field(default_factory=list)
    numbers: list[int] = Field(default_factory=list)
    order: Literal["up", "down"] = "up"
    pair: Pair | None = None
    either: int | bool | None = None
    options: dict[str, object] = Field(default_factory=dict)


class Look:
    name = "look_at"
    args = LookArgs
    effect = Effect.READ

    async def run(self, args: LookArgs, context: ToolContext) -> ToolResult:
        return ToolResult(args.path)


TOOLS = Registry([entry_of(Look())])


@dataclass
class Model:
    """Gives these replies when it is asked again, and remembers how it was asked and what was told."""

    replies: list[AssistantMessage | GatewayError] = field(default_factory=list)
    conversation: Conversation = field(default_factory=Conversation)
    facts: ServerFacts | None = None
    rungs: tuple[Rung, ...] = RUNGS
    tools: Registry = TOOLS
    told: list[Event] = field(default_factory=list)
    held_to: list[ArgumentsOf | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.repair = ReplyRepair(server=lambda: self.facts, rungs=self.rungs)

    async def ask(self, conversation: Conversation, held_to: ArgumentsOf | None = None) -> AssistantMessage:
        self.held_to.append(held_to)
        reply = self.replies.pop(0)
        if isinstance(reply, GatewayError):
            raise reply
        return reply

    async def tell(self, event: Event) -> None:
        self.told.append(event)
        self.conversation.apply(event)

    async def mended(self, reply: AssistantMessage) -> AssistantMessage:
        return await self.repair.mend(reply, self.conversation, self.tools, self.ask, self.tell)

    @property
    def ways(self) -> list[Constraint | None]:
        """By which means each reply was held, in order."""
        return [held.by if held else None for held in self.held_to]

    @property
    def reasons(self) -> list[str]:
        return [event.what for event in self.told if isinstance(event, ReplyMended)]


def calling(*arguments: str, name: str = "look_at", finish: Finish = Finish.CALLS) -> AssistantMessage:
    calls = tuple(ToolCall(id=f"c{at}", name=name, arguments=text) for at, text in enumerate(arguments))
    return AssistantMessage(parts=calls, finish=finish)


def saying(text: str, finish: Finish = Finish.DONE) -> AssistantMessage:
    return AssistantMessage(parts=(Text(text=text),), finish=finish)


def server(*constrains: Constraint) -> ServerFacts:
    return ServerFacts(url="http://localhost:1/v1", constrains=constrains)


def without(*rungs: Rung) -> Sequence[Rung]:
    return tuple(rung for rung in RUNGS if rung not in rungs)
