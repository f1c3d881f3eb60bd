"""The seams: what one package may expect of another.

A package implements these and imports nothing else of its siblings; `boot` joins
them. Each protocol is as small as its callers allow. Policies have their own
module (`core/policies.py`), and so have tools (`core/tools.py`) and the sandbox
(`core/sandbox.py`).
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Protocol

from core.deltas import Delta
from core.endpoint import Constraint, ServerFacts
from core.events import Event, Record
from core.messages import Message
from core.tools import ToolSpec
from core.values import value


@value
class ArgumentsOf:
    """All that a reply may be: the arguments of one tool, as its schema has them."""

    tool: ToolSpec
    by: Constraint
    """How the server is told to see to it. It may still not: whoever asks looks at what comes."""


@value
class ModelRequest:
    """What a model is asked. Requests of one session share `system`, `tools` and the head of `messages`."""

    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int | None = None
    """0: no reply is wanted, the server shall only read the prompt."""
    background: bool = False
    """Whether nobody waits for it: requests that somebody waits for go first."""
    unlisted: tuple[ToolSpec, ...] = ()
    """Tools that came since `tools` was frozen. They are never sent: the model knows them from notes, and
    whoever reads calls out of its text has to know them too."""
    held_to: ArgumentsOf | None = None
    """What the reply is held to; written behind the messages, so that the prompt's bytes stay as they are."""


class Gateway(Protocol):
    """A way to a model. Gateways wrap each other like rings, each adding one concern."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """Ask the model, and yield its reply as it comes.

        The last delta is a `FinishDelta`. Closing the generator drops the request.

        Raises:
            GatewayError: and nothing else; deltas yielded before it stay valid.
        """
        ...


class TokenCounter(Protocol):
    async def __call__(self, request: ModelRequest, /) -> int | None:
        """Tokens of the whole prompt, as the server counts them; None when it does not say. Never raises."""
        ...


class ModelSwitch(Protocol):
    """Who gives the floor of a session to another model."""

    @property
    def model(self) -> str:
        """The one that has it."""
        ...

    @property
    def place(self) -> str:
        """The URL of its server, or what stands in its place."""
        ...

    @property
    def window_tokens(self) -> int | None:
        """The window it really has, as far as it is known by now."""
        ...

    @property
    def thinking(self) -> bool:
        """Whether the thinking of earlier replies is sent back to it."""
        ...

    async def count(self, request: ModelRequest) -> int | None:
        """How many tokens a prompt has by its server's own count; None where that says nothing."""
        ...

    def warm_up(self) -> None:
        """Let its server read what the next request begins with, where that is free."""
        ...

    async def servers(self) -> tuple[ServerFacts, ...]:
        """Where there are models to choose from. Raises AgentError when there is none, or no answer."""
        ...

    async def switch(self, wanted: str) -> Sequence[str]:
        """Go on with the model whose name holds `wanted`, or for `back` with the one before.

        Returns:
            What a person should know of it, in sentences.

        Raises:
            AgentError: there is none, several may be meant, it cannot talk, or a turn is running.
        """
        ...


class Emit(Protocol):
    """The one door every event goes through."""

    async def __call__(self, event: Event, /) -> None: ...


class SessionLog(Protocol):
    """The durable events of one session, only ever appended."""

    def append(self, event: Event) -> Record:
        """Write and flush one durable event. Raises StoreError when the disk refuses."""
        ...

    def sync(self) -> None:
        """Wait until what was appended is on the disk; blocks."""
        ...

    def records(self, after: int = 0) -> Iterator[Record]:
        """From the file, those with a `seq` above `after`. Raises StoreError naming a damaged line."""
        ...

    def close(self) -> None: ...


class Reader(Protocol):
    """Someone who follows a session: a screen, a socket, a metric."""

    async def __call__(self, record: Record, /) -> None: ...
