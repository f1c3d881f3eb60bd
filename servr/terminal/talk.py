"""What one chat is made of, for those who carry out its commands."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.errors import AgentError
from core.messages import Image
from core.protocols import ModelSwitch
from core.values import value
from core.visible import visible
from flow.sessions import Session
from servr.cards import Folds
from servr.spans import Line, Style
from servr.terminal.command import ChatCommand, command_named, nearest
from servr.terminal.lines import Interrupted
from servr.terminal.terminal import BREATH_SECONDS, Terminal
from servr.terminal.waiting import Waiting

if TYPE_CHECKING:
    from flow.undo import Undo


@value
class Next:
    """What becomes of a chat."""

    kind: Literal["leave", "new", "resume"]
    session: str = ""
    """Which one is resumed."""
    folder: str = ""
    """Where it belongs to, when that is another folder."""
    before: str = ""
    """The session that is left."""


LEAVE = Next(kind="leave")


@value
class Attached:
    """What goes with a prompt beside its text, and what the person is told of it."""

    images: tuple[Image, ...] = ()
    told: tuple[str, ...] = ()


@value
class OwnCommands:
    """Commands of whoever opened the chat."""

    rows: Sequence[ChatCommand] = ()
    of: "Callable[[Chat], object]" = lambda chat: chat
    """What their functions are given in the place of a chat."""


NO_COMMANDS = OwnCommands()


@dataclass
class Chat:
    """One session, and the person who talks in it."""

    session: Session
    terminal: Terminal
    models: ModelSwitch
    undo: "Callable[[], Undo]"
    waiting: Waiting
    """What the model is at, and what its newest reply cost."""
    folder: Path
    """Where the person's own commands run."""
    commands: Sequence[ChatCommand]
    """All there are, by name."""
    own: OwnCommands = NO_COMMANDS
    permission: str = ""
    """The mode: what may run without a question."""
    typed: list[str] = field(default_factory=list)
    """What was typed before its time: it comes before what will be."""
    folds: Folds = field(default_factory=Folds)
    """What was folded on the screen."""
    next: Next | None = None
    """Where to go from here; None: the chat goes on."""
    stopped_at: float = -inf
    """When Ctrl-C last ended something, or came in the same breath as that."""

    async def carry_out(self, command: ChatCommand, wanted: str) -> Iterable[Line]:
        """What it shows beside the events it causes."""
        of = self.own.of(self) if command in self.own.rows else self
        try:
            shown: Iterable[Line] = await command.function()(of, wanted)
        except AgentError as error:
            return [Line(visible(str(error)), Style.BAD)]
        return shown

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """What Ctrl-C may end: whoever was at it has told it."""
        self.stopped_at = -inf
        try:
            yield
        except Interrupted:
            self.stopped_at = self.terminal.clock()

    def stops_still(self) -> bool:
        """Whether a Ctrl-C at the prompt was meant for what it has just ended."""
        now = self.terminal.clock()
        if now - self.stopped_at >= BREATH_SECONDS:
            return False
        self.stopped_at = now
        return True

    @staticmethod
    def is_own_command(text: str) -> bool:
        """Whether the person wants to run `text` themselves."""
        return text.startswith("!") and bool(text.strip("! "))

    def command(self, text: str) -> tuple[ChatCommand | None, str, str] | None:
        """The command that `text` is, its name, and what follows; None when it is for the model.

        A path at the start of a prompt is none, and neither is a word that no command is like.
        """
        word, _, wanted = text.partition(" ")
        name = word.removeprefix("/")
        if word in ("quit", "exit") and not wanted:
            return command_named(self.commands, word), word, ""
        if name == word or "/" in name:
            return None
        row = command_named(self.commands, name)
        if row is None and wanted and not nearest(self.commands, name):
            return None
        return row, name, wanted.strip()
