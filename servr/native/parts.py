"""The parts behind the API, as it sees them: what each is given and what it answers.

chat ─▶ Prompts ─▶ tokens ─▶ Engine, held to a constraint of Grammars ─▶ text ─▶ ReplyReader ─▶ deltas
texts ─▶ Embeddings ─▶ vectors

Prompts, Grammars and Embeddings are asked in a thread of their own, never two of them at once; readers of
replies in the thread of the API, which they must not keep waiting.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from core.tools import ToolSpec
from servr.native.asking import Constraint, Engine, Sampling

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


class Invalid(Exception):
    """A request that the API refuses with 400; `field` is what of it is wrong."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Chat:
    messages: Sequence[Mapping[str, Any]]
    """As the API takes them, checked and made even: roles are system, user, assistant and tool, `content` is
    always there and text; of an assistant there may be `reasoning_content` and `tool_calls`, whose arguments
    are text; a tool has its `tool_call_id`.
    """
    tools: Sequence[ToolSpec] = ()
    template: Mapping[str, object] = field(default_factory=dict)
    """`chat_template_kwargs`: further names that the template may look at."""


@dataclass(frozen=True)
class Prompt:
    tokens: tuple[int, ...]
    message_ends: tuple[int, ...]
    """As in `Asked`."""
    in_thought: bool
    """Whether the template has opened a thought, in which the reply goes on."""


@dataclass(frozen=True)
class Abilities:
    """What a model's template makes possible."""

    tools: bool
    """Whether it shows tools to the model."""
    reasoning: bool
    """Whether the model thinks before it replies."""
    names: frozenset[str] = frozenset()
    """What it looks at beside messages and tools: all that `Chat.template` may hold."""


class Prompts(Protocol):
    @property
    def abilities(self) -> Abilities: ...

    @property
    def beginning(self) -> tuple[int, ...]:
        """What the model expects before a text that is no chat; often nothing."""

    def prompt(self, chat: Chat, most: int | None = None) -> Prompt:
        """Raises `Invalid` when the model's template refuses the messages, and `TooMany` as `tokens` does."""

    def rendered(self, chat: Chat) -> str: ...

    def tokens(self, text: str, most: int | None = None) -> tuple[int, ...]:
        """Of a text as it is, without a beginning; what is written like a special token is one.

        Raises `TooMany` for a text of far more than `most` tokens, before it is read to its end.
        """


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
    """Of the JSON that the reply has to be, and then it calls nothing; {} allows any object."""
    in_thought: bool = False

    @property
    def may_call(self) -> bool:
        return self.schema is None and bool(self.tools) and self.choice != "none"

    @property
    def is_free(self) -> bool:
        """Whether the reply may be anything."""
        chooses = self.choice == "auto" and not self.strict and self.parallel
        return self.schema is None and (chooses or not self.may_call)


class Grammars(Protocol):
    def constraint(self, held: Held) -> Constraint | None:
        """None: the reply is free. Raises `Invalid` for a schema that cannot be enforced.

        May take long the first time: ask in a thread that is neither the event loop's nor the engine's.
        """


Said = TextDelta | ThinkingDelta | CallDelta


class ReplyReader(Protocol):
    """Reads one reply as it comes. Arguments come in pieces; joined they are the JSON of the call.

    A call has an id only when the model gave it one.
    """

    def read(self, text: str) -> Sequence[Said]: ...

    def end(self, *, cut: bool) -> Sequence[Said]:
        """`cut`: the reply was ended by its length."""


NewReader = Callable[[Held], ReplyReader]


class Embeddings(Protocol):
    """A model that makes vectors of texts."""

    @property
    def facts(self) -> "EmbeddingFacts": ...

    def tokens(self, text: str, most: int | None = None) -> tuple[int, ...]:
        """With the marks that the model expects around a text. Raises `TooMany`, as `Prompts.tokens` does."""

    def vectors(self, texts: Sequence[Sequence[int]]) -> "NDArray[float32]":
        """(n, d), a row of length 1 for each text. Raises `Invalid` for a text longer than the window."""


@dataclass(frozen=True)
class EmbeddingFacts:
    name: str
    window_tokens: int
    width: int
    dtype: str
    device: str


@dataclass(frozen=True)
class Talking:
    """All that serves a model that replies."""

    engine: Engine
    prompts: Prompts
    grammars: Grammars
    new_reader: NewReader
    parser: str
    """The family whose calls and thoughts are read."""
    sampling: Sampling = field(default_factory=Sampling)
    """How the model is sampled where a request does not say."""


Served = Talking | Embeddings
