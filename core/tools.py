"""The words of tools: what one is, what it is given, what it answers, and what the model is told of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from core.errors import ToolError
from core.ledger import FileLedger
from core.masking import Masking
from core.messages import ToolStatus
from core.permissions import Effect
from core.profile import ActiveProfile, ModelProfile
from core.records import dataclass
from core.sandbox import SandboxBackend
from core.skill_shelf import Skills
from core.values import value
from core.views import View
from core.web import WebRules
from core.workspace import Workspace

if TYPE_CHECKING:
    from pydantic import BaseModel

    from core.code import CodeIndex
    from core.memory import Memory
    from core.project_store import ProjectStore


@value
class ToolSpec:
    """A tool as the model sees it."""

    name: str
    description: str
    parameters: Mapping[str, object]
    """JSON schema of the arguments object."""


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


def _no_index() -> "CodeIndex":
    raise ToolError("There is no index of code here.", hint="Use find_text.")


@dataclass(frozen=True)
class ToolContext:
    """What a running tool may use of the turn that runs it."""

    call_id: str
    progress: Callable[[str], None] = _no_progress
    """Tells whoever watches, at once; any thread may call it."""


ArgsT = TypeVar("ArgsT", bound="BaseModel", contravariant=True)


class Tool(Protocol[ArgsT]):
    """Something the model can do. Its arguments' docstring is what the model reads about it."""

    @property
    def name(self) -> str: ...

    @property
    def args(self) -> "type[BaseModel]": ...

    @property
    def effect(self) -> Effect:
        """The worst that it can do."""
        ...

    async def run(self, args: ArgsT, context: ToolContext) -> ToolResult:
        """Do it. Raise `ToolError` for what the model can mend; let every other error fly."""
        ...


AnyTool = Tool[Any]


@runtime_checkable
class MilderByArguments(Protocol):
    """What a tool has beside the rest when some of its calls do less than its worst: search, beside store."""

    def effect_of(self, args: Any, /) -> Effect:
        """What a call with these arguments can do at worst."""
        ...


@runtime_checkable
class Previewed(Protocol):
    """What a tool has beside the rest when its arguments do not say all that a person has to know."""

    def preview(self, args: Any, /) -> str:
        """The rest of it. Raises ToolError for a call that would be refused anyway."""
        ...


def preview_of(tool: AnyTool, arguments: "BaseModel") -> str:
    return tool.preview(arguments) if isinstance(tool, Previewed) else ""


def effect_of(tool: AnyTool, arguments: "BaseModel") -> Effect:
    """What one call can do at worst: it is judged, told and kept for an undo by that."""
    return tool.effect_of(arguments) if isinstance(tool, MilderByArguments) else tool.effect


class Toolbox(Protocol):
    """The tools of one session. Asking for specs loads no tool; `find` loads the one it answers."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """In a fixed order, the same for the whole session."""
        ...

    def unlisted(self) -> Sequence[ToolSpec]:
        """What can be called although a list that was made before does not have it."""
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
    project: "ProjectStore | None" = None
    """The plan of the workspace, where the model works by one."""
    memory: "Memory | None" = None
    """What outlasts a session, where that is wanted."""
    code_index: "Callable[[], CodeIndex]" = _no_index
    """Opened at its first use, which reads the disk; the same one ever after."""
    skills: Skills = field(default_factory=Skills)

    @property
    def profile(self) -> ModelProfile:
        """Of the model that has the floor: how much it can read at once."""
        return self.active.profile
