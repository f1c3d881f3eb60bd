"""What the agent expects of whoever keeps skills, and of whoever runs them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.skill_folders import NoSkillFolders, SkillFolders
from core.values import value

if TYPE_CHECKING:
    from core.skills import Contract

COMPILER = 2
"""Raised when the same text would give another contract: what was kept of earlier ones is void then."""
USE_SKILL = "use_skill"


@value
class Skill:
    """A function that may be called: a person accepted its text, and nothing has set it aside since."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    digest: str
    """SHA-256 of its file, in hex."""
    calls: int = 0


@value
class SkillLine:
    """How a model is told of one skill, of whatever kind it is."""

    name: str
    text: str
    version: str
    """Another one when it has to be told anew."""


@value
class SkillCard:
    """How a person is told of one skill."""

    name: str
    state: Literal["ready", "set aside"]
    why: str = ""
    """Why it is set aside."""
    version: int = 0
    """0: none was ever accepted here."""
    tested: bool = False
    calls: int = 0
    failures: int = 0
    description: str = ""


class SkillShelf(Protocol):
    """The skills of one workspace."""

    def skills(self) -> Sequence[Skill]:
        """Those that may be called, the most used first."""
        ...

    def set_aside(self) -> Mapping[str, str]:
        """Why the others may not be called, by name."""
        ...

    def contract(self, name: str) -> "Contract":
        """Of a skill, read from its file. Raises ToolError when it is not what was accepted."""
        ...

    def keep(self, contract: "Contract") -> int:
        """Put it on the shelf, accepted, and answer which version it is. Raises ToolError."""
        ...

    def count(self, name: str, *, failed: bool) -> None:
        """Remember that it was called. Too many failures in a row set it aside."""
        ...


@value
class SkillOutcome:
    """What came of a call."""

    returned: object = None
    """As JSON knows it."""
    fault: str = ""
    """Why it returned nothing; empty when it did."""
    refused: bool = False
    """Whether it was the arguments: the function itself raised ValueError or TypeError because of them."""
    printed: str = ""


class SkillRunner(Protocol):
    """Runs skills in the sandbox."""

    async def call(self, contract: "Contract", arguments: Mapping[str, Any]) -> SkillOutcome:
        """Raises ToolError when nothing can be run at all."""
        ...

    async def faults(self, contract: "Contract") -> Sequence[str]:
        """What is wrong with it when it is loaded and its examples are run; nothing when all is well."""
        ...


class NoShelf:
    """Stands where there are no skills."""

    def skills(self) -> Sequence[Skill]:
        return ()

    def set_aside(self) -> Mapping[str, str]:
        return {}

    def contract(self, name: str) -> "Contract":
        raise KeyError(name)

    def keep(self, contract: "Contract") -> int:
        raise KeyError(contract.name)

    def count(self, name: str, *, failed: bool) -> None:
        raise KeyError(name)


def _no_runner() -> SkillRunner:
    raise LookupError("nothing runs skills here")


@value
class Skills:
    """What the tools of skills work with."""

    shelf: SkillShelf = field(default_factory=NoShelf)
    runner: Callable[[], SkillRunner] = _no_runner
    """The one of this session, made when it is first needed."""
    allowed: tuple[str, ...] = ()
    """Modules they may import beside the standard library and numpy."""
    taken: set[str] = field(default_factory=set)
    """Names of tools that no skill may have; those of plug-ins come a little later than the rest."""
    folders: Callable[[], SkillFolders] = NoSkillFolders
    """Those that are instructions."""
