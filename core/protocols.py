"""The seams: what one package may expect of another.

A package implements these and imports nothing else of its siblings; `boot` joins
them. Each protocol is as small as its callers allow. Policies have their own
module (`core/policies.py`), and so has the sandbox (`core/sandbox.py`).
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from core.deltas import Delta
from core.endpoint import Constraint, ServerFacts
from core.events import Event, Record
from core.ledger import FileLedger
from core.masking import Masking
from core.messages import Message, ToolStatus
from core.permissions import Effect
from core.profile import ActiveProfile, ModelProfile
from core.sandbox import SandboxBackend
from core.values import value
from core.views import View
from core.web import WebRules
from core.workspace import Workspace

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "AnyTool",
    "ArgumentsOf",
    "Asker",
    "Effect",
    "Emit",
    "Gateway",
    "ModelRequest",
    "ModelSwitch",
    "Reader",
    "SandboxBackend",
    "SessionLog",
    "TokenCounter",
    "Tool",
    "ToolContext",
    "ToolResult",
    "ToolServices",
    "ToolSpec",
    "Toolbox",
    "WebClient",
    "WebResponse",
]


@value
class ToolSpec:
    """A tool as the model sees it."""

    name: str
    description: str
    parameters: Mapping[str, object]
    """JSON schema of the arguments object."""


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


@dataclass(frozen=True)
class ToolResult:
    text: str
    """What the model reads: short, complete in itself, naming the next step if there is one."""
    view: View | None = None
    """The same, as data, for a person's screen."""
    status: ToolStatus = ToolStatus.OK
    by_person: bool = False  # what a person said is no data


def _no_progress(text: str) -> None:
    """Nobody is watching."""


def _nothing_hidden(path: str) -> bool:
    return False


@dataclass(frozen=True)
class ToolContext:
    """What a running tool may use of the turn that runs it."""

    call_id: str
    progress: Callable[[str], None] = _no_progress


ArgsT = TypeVar("ArgsT", bound="BaseModel", contravariant=True)


class Tool(Protocol[ArgsT]):
    """Something the model can do. Its arguments' docstring is what the model reads about it."""

    @property
    def name(self) -> str: ...

    @property
    def args(self) -> "type[BaseModel]": ...

    @property
    def effect(self) -> Effect: ...

    async def run(self, args: ArgsT, context: ToolContext) -> ToolResult:
        """Do it. Raise `ToolError` for what the model can mend; let every other error fly."""
        ...


AnyTool = Tool[Any]


class Toolbox(Protocol):
    """The tools of one session. Asking for specs loads no tool; `find` loads the one it answers."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """In a fixed order, the same for the whole session."""
        ...

    def names(self) -> Sequence[str]: ...

    def effect_of(self, name: str) -> Effect | None:
        """None for a tool that does not exist."""
        ...

    def find(self, name: str) -> AnyTool:
        """Raises InvalidArguments, naming the closest tools, when there is none of that name."""
        ...


class Asker(Protocol):
    """Whoever answers the model's own questions."""

    async def ask(self, question: str, choices: Sequence[str]) -> str:
        """Raises InputNeeded when nobody is there."""
        ...


@value
class WebResponse:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    complete: bool
    """False when the body was longer than asked for and the rest was left."""


class WebClient(Protocol):
    async def get(self, url: str, *, address: str, timeout_seconds: float, max_bytes: int) -> WebResponse:
        """One GET of `url` from the host at `address` (an IP), following nothing.

        Raises:
            ToolError: no answer, or no valid one.
        """
        ...


@value
class ToolServices:
    """What a tool may be built with; plug-ins of the group `roost.tools` get the same."""

    workspace: Workspace
    artifacts: Path
    """Folder inside the workspace for long outputs and plots; made by whoever first writes there."""
    sandbox: SandboxBackend
    asker: Asker
    web: WebClient
    web_rules: WebRules = WebRules()
    hides: Callable[[str], bool] = _nothing_hidden
    """Whether the file at an absolute path is passed over by searches, because it holds secrets."""
    active: ActiveProfile = field(default_factory=ActiveProfile)
    ledger: FileLedger = field(default_factory=FileLedger)
    masking: Masking = field(default_factory=Masking)

    @property
    def profile(self) -> ModelProfile:
        """Of the model that has the floor: how much it can read at once."""
        return self.active.profile


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
