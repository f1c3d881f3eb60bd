"""What the engine is asked, and what it tells while it works; no torch, no HTTP.

Asked ─▶ Engine.ask ─▶ Reading* ─▶ Written* ─▶ Ended        or one of the refusals below, raised
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; what is left as it is here changes nothing."""

    temperature: float = 1.0
    """0: always the likeliest token."""
    top_p: float = 1.0
    top_k: int = 0
    """0: all tokens."""
    min_p: float = 0.0
    """Of the likeliest token's probability."""
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    """Both look at the reply only."""
    repetition_penalty: float = 1.0
    """Looks at prompt and reply."""
    seed: int | None = None


class Constraint(Protocol):
    """What one reply is held to, token by token. Belongs to the engine's thread once it was asked with it."""

    def mask(self, logits: "Tensor") -> None:
        """Set what may not come next to -inf, in place. `logits`: (vocabulary,) float."""

    def take(self, token: int) -> bool:
        """`token` was chosen; False when it may not stand there, and nothing has changed then."""

    @property
    def is_over(self) -> bool:
        """Whether the reply is complete: only its end may follow."""


@dataclass(frozen=True)
class Asked:
    """One reply that is wanted."""

    prompt: tuple[int, ...]
    """Tokens, at least one."""
    most_tokens: int
    """Of the reply."""
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Texts before which the reply ends; they are not part of it."""
    alternatives: int | None = None
    """How many of the likeliest tokens to tell with each; None: no log probabilities at all."""
    constraint: Constraint | None = None
    lookup: bool = True
    """Whether tokens may be guessed from the prompt and checked together; the reply is the same."""
    message_ends: tuple[int, ...] = ()
    """As counts of the prompt's tokens, rising: good places to read on from later."""


@dataclass(frozen=True)
class Reading:
    """How much of the prompt was read."""

    read_tokens: int
    """`cached_tokens` among them."""
    prompt_tokens: int
    cached_tokens: int


@dataclass(frozen=True)
class Token:
    id: int
    text: str
    """What it is by itself; bytes that are half a character are told as U+FFFD."""
    logprob: float | None = None
    """Natural, by the model alone: before temperature, penalties, cuts and constraint."""
    alternatives: tuple[tuple[int, str, float], ...] = ()
    """Id, text and log probability of the likeliest tokens there, the likeliest first."""


@dataclass(frozen=True)
class Written:
    """More of the reply. Tokens that mark calls and thoughts are in `text`; the end of the turn is not."""

    text: str
    """Whole characters, and nothing that may become a stop text; may be empty."""
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class Ended:
    """The last thing told of a reply."""

    finish: Literal["stop", "length"]
    """`stop`: the model ended its turn, a stop text came, or the constraint was over."""
    prompt_tokens: int
    cached_tokens: int
    """Of the prompt, that had been read before."""
    reply_tokens: int
    guessed_tokens: int
    """Of the reply, that were looked up and proved right."""
    queued_seconds: float
    prompt_seconds: float
    """Until the first token."""
    reply_seconds: float


Told = Reading | Written | Ended


class Refused(Exception):
    """The engine does not reply to this; `status` is that of HTTP. It is as able as before."""

    status = 500
    code = "server_error"


class TooLong(Refused):
    """Prompt and reply do not fit; the message names both numbers."""

    status = 400
    code = "context_length_exceeded"

    def __init__(self, message: str, *, prompt_tokens: int, window_tokens: int) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.window_tokens = window_tokens


class Busy(Refused):
    """As many wait as may wait."""

    status = 429
    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NoMemory(Refused):
    """Memory ran out twice, the second time with nothing else kept."""

    status = 503
    code = "out_of_memory"


class Stopped(Refused):
    """The server is being stopped."""

    status = 503
    code = "shutting_down"


class Broken(Refused):
    """A fault in the engine or the model; it was logged, and only this reply is lost."""


@dataclass(frozen=True)
class ModelFacts:
    """What is known of the model that is served."""

    name: str
    window_tokens: int
    """For prompt and reply of one conversation."""
    slots: int
    """How many replies are written at once; more wait."""
    vocabulary: int
    """Width of the logits; may be more than the tokenizer has."""
    end_tokens: frozenset[int]
    """Those that end a turn."""
    dtype: str
    device: str


@dataclass(frozen=True)
class Counts:
    """What the engine has done since it began, and does now; one look at all of it at once."""

    writing: int
    reading: int
    waiting: int
    replies: int
    failed: int
    cancelled: int
    prompt_tokens: int
    cached_tokens: int
    reply_tokens: int
    guessed_tokens: int
    steps: int
    kept_conversations: int
    kept_bytes: int
    most_kept_bytes: int
    evicted: int
    out_of_memory: int
    is_alive: bool = True


class Engine(Protocol):
    @property
    def facts(self) -> ModelFacts: ...

    def ask(self, asked: Asked) -> AsyncGenerator[Told, None]:
        """What becomes of it, as it comes. Closing the generator ends the work at the next step.

        Raises:
            Refused: one of its kinds, at the first `anext` or later.
        """

    def counts(self) -> Counts: ...

    async def close(self) -> None:
        """Ends what is being written with `Stopped`; returns when the thread is done."""
