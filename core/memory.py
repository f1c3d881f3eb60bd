"""What is remembered beyond a session: facts, and what is expected of whoever keeps them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.values import value

FactScope = Literal["project", "user"]
FactSource = Literal["model", "person"]

MOST_FACT_CHARS = 2_000
"""Of one fact: what is longer belongs into a file."""

MOST_NOTES, MOST_NOTE_CHARS = 12, 500
"""Of the notes that are kept in view during a session."""


@value
class Fact:
    id: int
    """Never given to another fact, even after this one is forgotten."""
    text: str
    scope: FactScope
    project: str
    """Real path of the workspace that it holds for; empty for a fact about the user."""
    source: FactSource
    session: str
    """In which it was said last; empty outside of one."""
    said: datetime
    """When it was stored, or said again."""
    used: datetime | None = None
    """When it last answered a search of the model."""
    uses: int = 0
    earlier: "tuple[Fact, ...]" = ()
    """What held before, newest first: each was contradicted by the next."""


@value
class Stored:
    fact: Fact
    known: bool
    """Whether it was there before, and is said anew."""
    alike: tuple[Fact, ...] = ()
    """Other facts that say something near to it: one of them may be out of date."""


@value
class Page:
    facts: tuple[Fact, ...]
    total: int
    """How many there are."""


class Memory(Protocol):
    """The facts of one project and of its user.

    Each method raises StoreError when the file fails, and InvalidArguments for a text that is no fact.
    """

    @property
    def note(self) -> str:
        """Why the newest search did not look at all there is, for people; empty when it did."""
        ...

    async def store(self, text: str, *, scope: FactScope, replaces: int | None = None) -> Stored:
        """Keep a fact: one that is there is said anew, and what it contradicts becomes its past.

        Args:
            text: in plain words; secrets in it are masked.
            scope: whether it holds for this project or for the user everywhere.
            replaces: the fact that it contradicts, where that cannot be seen from the words.

        Raises:
            InvalidArguments: there is no fact to replace.
        """
        ...

    async def search(self, words: str, *, count: int) -> Sequence[Fact]:
        """The facts that are nearest to these words, best first."""
        ...

    async def page(self, *, count: int) -> Page:
        """The facts that were said last, newest first."""
        ...

    async def forget(self, fact: int) -> Sequence[Fact]:
        """Remove a fact with all that it replaced, from every file of the memory.

        Returns:
            What was removed; nothing when there is no such fact.
        """
        ...
