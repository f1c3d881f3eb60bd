"""The parts behind the API, as it sees them: what each is given and what it answers.

chat ─▶ Prompts ─▶ tokens ─▶ Engine, held to a constraint of Grammars ─▶ text ─▶ ReplyReader ─▶ deltas
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from core.tools import ToolSpec
from servr.native.asking import Constraint


class Invalid(Exception):
    """A request that the API refuses with 400; `field` is what of it is wrong."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Chat:
    messages: Sequence[Mapping[str, Any]]
    """As the API takes them, checked."""
    tools: Sequence[ToolSpec] = ()
    template: Mapping[str, object] = field(default_factory=dict)
    """`chat_template_kwargs`: further names that the template may look at."""


@dataclass(frozen=True)
class Prompt:
    tokens: tuple[int, ...]
    turns: tuple[int, ...]
    """As in `Asked`."""
    in_thought: bool
    """Whether the template has opened a thought, in which the reply goes on."""


class Prompts(Protocol):
    def prompt(self, chat: Chat) -> Prompt:
        """Raises `Invalid` when the model's template refuses the messages."""

    def rendered(self, chat: Chat) -> str: ...

    def tokens(self, text: str) -> tuple[int, ...]:
        """Of a text as it is, without a beginning; what is written like a special token is one."""

    def text(self, tokens: Sequence[int]) -> str: ...


Choice = Literal["auto", "none", "required"]


@dataclass(frozen=True)
class Held:
    """What a request wants its reply to be held to."""

    tools: Sequence[ToolSpec] = ()
    choice: Choice | str = "auto"
    """Or the name of the tool that is to be called."""
    strict: frozenset[str] = frozenset()
    """Tools whose calls keep to their schema also where the model chooses."""
    parallel: bool = True
    """Whether a reply may call more than once."""
    schema: Mapping[str, object] | None = None
    """Of the JSON that the reply has to be; {} allows any object."""
    in_thought: bool = False


class Grammars(Protocol):
    def constraint(self, held: Held) -> Constraint | None:
        """None: the reply is free. Raises `Invalid` for a schema that cannot be enforced."""


Said = TextDelta | ThinkingDelta | CallDelta


class ReplyReader(Protocol):
    """Reads one reply as it comes. Arguments come in pieces; joined they are the JSON of the call."""

    def read(self, text: str) -> Sequence[Said]: ...

    def end(self, *, cut: bool) -> Sequence[Said]:
        """`cut`: the reply was ended by its length."""


NewReader = Callable[[Held], ReplyReader]
