"""An agent that changes files by plain functions, and the undo of its session: real store, real rules, no model."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from boot.session_files import SessionFiles
from core.events import Event, FilesChanged, FilesNotKept, FilesRestored, ModelReplied, TurnStarted
from core.messages import AssistantMessage, ToolCall, UserMessage
from core.workspace import Workspace
from flow.undo import Undo, Wish
from tests.building import MemoryLog


@dataclass
class Agent:
    root: Path
    state: Path
    session: str = "s"
    log: MemoryLog = field(default_factory=MemoryLog)
    wish: Wish = "overwrite"
    """What the person wants to become of their own changes."""
    asked: list[Sequence[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.restart()

    def restart(self) -> None:
        """Go on as another process would, with the same log."""
        self.files = SessionFiles(self.session, Workspace(self.root), self.state)
        self.checkpoints = self.files.checkpoints()
        self.undo = Undo(self.checkpoints, self.log.records, self.log.append, self.log.sync)

    def turn(self) -> None:
        self.log.append(TurnStarted(prompt=UserMessage(text="go")))

    async def runs(self, change: Callable[[], object], *, tool: str = "shell") -> None:
        """A step with a call that does anything."""
        await self._call(ToolCall(id=self._new_id(), name=tool, arguments="{}"), {}, change)

    async def writes(self, path: str, content: str) -> None:
        """A step with a call that names its path."""

        def change() -> None:
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

        await self._call(
            ToolCall(id=self._new_id(), name="write_file", arguments="{}"), {"path": path}, change
        )

    async def consent(self, conflicts: Sequence[str]) -> Wish:
        self.asked.append(conflicts)
        return self.wish

    @property
    def events(self) -> list[Event]:
        return [record.event for record in self.log.kept]

    @property
    def last_change(self) -> FilesChanged:
        return next(event for event in reversed(self.events) if isinstance(event, FilesChanged))

    @property
    def last_restored(self) -> FilesRestored:
        return next(event for event in reversed(self.events) if isinstance(event, FilesRestored))

    @property
    def not_kept(self) -> list[str]:
        return [file for event in self.events if isinstance(event, FilesNotKept) for file in event.files]

    async def _call(self, call: ToolCall, arguments: dict[str, object], change: Callable[[], object]) -> None:
        self.log.append(ModelReplied(reply=AssistantMessage(parts=(call,))))
        async with self.checkpoints.around(call, arguments, self._tell):
            change()

    async def _tell(self, event: Event) -> None:
        self.log.append(event)

    def _new_id(self) -> str:
        return f"call-{len(self.log.kept)}"


def tree(root: Path, *, without: Sequence[str] = (".git",)) -> dict[str, tuple[str, int, bytes]]:
    """All there is below `root`: kind, rights and content by path."""
    found: dict[str, tuple[str, int, bytes]] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] in without:
            continue
        mode = path.lstat().st_mode & 0o777
        if path.is_symlink():
            found[name] = ("link", 0, os.fsencode(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", mode, b"")
        else:
            found[name] = ("file", mode, path.read_bytes())
    return found
