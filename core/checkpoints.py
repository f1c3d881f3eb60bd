"""What undo expects of whoever keeps the files: how they were before each call that may change some."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol, Self

from core.events import Event
from core.file_states import FileState, PathChange
from core.messages import ToolCall
from core.values import value

if TYPE_CHECKING:
    from core.beneath import Held

Tell = Callable[[Event], Awaitable[None]]


class Cover(Protocol):
    """The rules on which files undo looks after, as they hold in one folder."""

    def covered(
        self, folder: "Held", folders: Sequence[str], others: Sequence[str]
    ) -> tuple[frozenset[str], Self]:
        """The names that are looked after, and the rules with those added that this folder brings.

        Args:
            folder: the one that the rules hold in.
            folders: names of the folders in it.
            others: names of all else in it.
        """
        ...

    def below(self, name: str) -> Self:
        """For a folder in this one."""
        ...


@value
class Restored:
    done: tuple[PathChange, ...] = ()
    kept: tuple[str, ...] = ()
    """What could not be put back, and why: a sentence for each."""


class Checkpoints(Protocol):
    def around(
        self, call: ToolCall, arguments: Mapping[str, object], tell: Tell
    ) -> AbstractAsyncContextManager[None]:
        """Keep what a call may change before the block, and tell what it changed after it."""
        ...

    def states(self, paths: Sequence[str]) -> Sequence[FileState | None]:
        """What is at these paths now. What can be read of it is kept."""
        ...

    def content(self, state: FileState) -> bytes | None:
        """The bytes of a file, or where a link leads; None when they were not kept, or are no longer."""
        ...

    def restore(self, changes: Sequence[PathChange]) -> Restored:
        """Put each path that is as `before` says into the state `after`; the others are kept as they are."""
        ...
