"""Parts that many tests put together: real loop, real policies, small tools, a scripted model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import BaseModel

from core.conversation import Conversation
from core.endpoint import ServerFacts
from core.errors import ToolError
from core.events import Event, Record
from core.messages import ToolCall, UserMessage
from core.permissions import Approval, Effect
from core.policies import PermissionQuestion
from core.protocols import Gateway, ModelRequest
from core.tools import AnyTool, ToolContext, ToolResult
from flow.completion import TurnReview
from flow.context import WindowPolicy
from flow.executor import ToolExecutor
from flow.loops import AgentLoop
from flow.notes import NotedContext, Steering
from flow.repair import ReplyRepair
from flow.unkept import NoCheckpoints
from tool.registry import Registry, entry_of

YES = Approval(allowed=True)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class EchoArgs(BaseModel):
    """Say `text` again."""

    text: str


@dataclass
class Echo:
    """A tool that answers with its argument, and remembers what it ran with."""

    name: str = "echo"
    effect: Effect = Effect.READ
    ran: list[str] = field(default_factory=list)
    args = EchoArgs

    async def run(self, args: EchoArgs, context: ToolContext) -> ToolResult:
        self.ran.append(args.text)
        context.progress(f"saying {args.text}")
        if args.text == "broken":
            raise KeyError("a bug in the tool")
        if args.text == "wrong":
            raise ToolError("'wrong' cannot be said.", hint="Say something else.")
        return ToolResult(args.text)


@dataclass
class Permits:
    """Permission policy and approver in one: asks about every effect in `asks`, answers with `answer`."""

    asks: tuple[Effect, ...] = ()
    answer: Approval = YES
    remembered: list[Approval] = field(default_factory=list)

    async def check(self, call: ToolCall, effect: Effect, arguments: object) -> PermissionQuestion | None:
        return PermissionQuestion(reason=f"{call.name} may {effect}.") if effect in self.asks else None

    async def approve(self, call: ToolCall, question: PermissionQuestion) -> Approval:
        return self.answer

    async def remember(self, call: ToolCall, arguments: object, approval: Approval) -> None:
        self.remembered.append(approval)


def a_loop(
    gateway: Gateway,
    *tools: AnyTool,
    permits: Permits | None = None,
    window_tokens: int | None = None,
    inbox: list[str] | None = None,
    joins_notes: bool = False,
    max_steps: int = 20,
    server: ServerFacts | None = None,
) -> AgentLoop:
    toolbox = Registry([entry_of(tool) for tool in tools or (Echo(),)])
    permits = permits or Permits()
    head = ModelRequest(system="You are helpful.", messages=(), tools=toolbox.specs())
    window = WindowPolicy(head=head, window_tokens=window_tokens)
    return AgentLoop(
        gateway=gateway,
        toolbox=toolbox,
        executor=ToolExecutor(
            toolbox=toolbox, permission=permits, approver=permits, checkpoints=NoCheckpoints
        ),
        context=NotedContext(window, [Steering([] if inbox is None else inbox)], joins=joins_notes),
        repair=ReplyRepair(server=lambda: server),
        completion=TurnReview(),
        system=head.system,
        tools=head.tools,
        max_steps=max_steps,
    )


async def turn(loop: AgentLoop, text: str = "go", conversation: Conversation | None = None) -> list[Event]:
    """All events of one turn; a conversation that starts here is checked against its replay."""
    events: list[Event] = []
    fresh = conversation is None

    talk = Conversation() if conversation is None else conversation

    async def emit(event: Event) -> None:
        talk.apply(event)
        events.append(event)

    await loop.run_turn(talk, UserMessage(text=text), emit)
    assert not fresh or Conversation.replay(durable(events)) == talk
    return events


def durable(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.durable]


@dataclass
class MemoryLog:
    """A session log that forgets with the process."""

    kept: list[Record] = field(default_factory=list)
    synced: list[int] = field(default_factory=list)

    def append(self, event: Event) -> Record:
        record = Record(session="s", seq=len(self.kept) + 1, at=NOW, event=event)
        self.kept.append(record)
        return record

    def sync(self) -> None:
        self.synced.append(len(self.kept))

    def records(self, after: int = 0) -> Sequence[Record]:
        return iter([record for record in self.kept if record.seq > after])

    def close(self) -> None: ...
