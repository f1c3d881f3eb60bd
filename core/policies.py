"""The choices the loop does not make itself. `flow` has the built-in ones, plug-ins may bring others."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from core.conversation import Conversation
from core.errors import ContextOverflow
from core.events import Event, Outcome
from core.messages import AssistantMessage, ToolCall
from core.permissions import Approval, Effect
from core.protocols import ArgumentsOf, Emit
from core.tools import Toolbox
from core.values import value


class ContextPolicy(Protocol):
    """Keeps the conversation within what the model can read, and adds what is new."""

    async def before_step(self, conversation: Conversation) -> Sequence[Event]:
        """What to tell before the model is asked: `ContextShrunk`, `NoteAdded`, or nothing."""
        ...

    async def after_overflow(self, conversation: Conversation, error: ContextOverflow) -> Sequence[Event]:
        """How to go on after a refusal; raises `error` when there is nothing left to drop."""
        ...


class NoteSource(Protocol):
    """Someone who has news for the model, now and then."""

    @property
    def name(self) -> str:
        """What its notes bear as their source."""
        ...

    def news(self, *, anew: bool) -> Sequence[str]:
        """What to say before the next step, each once. `anew`: the history is gone, and its notes with it."""
        ...


class Ask(Protocol):
    async def __call__(
        self, conversation: Conversation, held_to: ArgumentsOf | None = None
    ) -> AssistantMessage:
        """A reply to the conversation as it stands, held to something if need be."""
        ...


class RepairPolicy(Protocol):
    """Finds out what the model meant: an empty reply, almost-JSON arguments, a call cut short."""

    async def mend(
        self, reply: AssistantMessage, conversation: Conversation, tools: Toolbox, ask: Ask, tell: Emit
    ) -> AssistantMessage:
        """The reply that enters history. Each change is told as a `ReplyMended`; it may `ask` again."""
        ...


@value
class PermissionQuestion:
    reason: str
    rule: str = ""
    """What an *always* would remember, in words; empty when this can only be allowed once."""
    shown: str = ""
    """What the call itself does not say of what it would do: the code that would run from then on."""


class PermissionPolicy(Protocol):
    async def check(
        self, call: ToolCall, effect: Effect, arguments: Mapping[str, object]
    ) -> PermissionQuestion | None:
        """None to run it at once, or what a person must be asked.

        Raises:
            PermissionDenied: a rule or the mode forbids it.
            NobodyToAsk: it needs a yes, and this run has no person.
        """
        ...

    async def remember(self, call: ToolCall, arguments: Mapping[str, object], approval: Approval) -> None:
        """Keep an answer for this session, or for good, as its scope says."""
        ...


class Approver(Protocol):
    """Whoever can say yes: a person at a terminal, an HTTP client, a test."""

    async def approve(self, call: ToolCall, question: PermissionQuestion) -> Approval: ...


@value
class GoOn:
    """The model has the floor again."""

    verdict: Literal["go_on"] = "go_on"


@value
class SendBack:
    """Not done: `feedback` says to the model what is missing."""

    verdict: Literal["send_back"] = "send_back"
    feedback: str


@value
class End:
    verdict: Literal["end"] = "end"
    outcome: Outcome
    note: str = ""
    evidence: tuple[str, ...] = ()


Verdict = GoOn | SendBack | End


class CompletionPolicy(Protocol):
    """Decides after each step, when its calls are answered, whether the turn is over."""

    async def review(self, conversation: Conversation, tell: Emit) -> Verdict: ...


@value
class Policies:
    """All choices of one session. A plug-in of the group `roost.policies` gets them and gives them back."""

    context: ContextPolicy
    repair: RepairPolicy
    permission: PermissionPolicy
    completion: CompletionPolicy
