"""What one session did to files, and how to take it back. Its parts are imported when they are needed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from boot.paths import OWN_FOLDER
from boot.project import plan_path
from boot.skills import skills_folder
from core.conversation import counting
from core.events import Event, FilesChanged, FilesRestored, ModelReplied, Record, RestoreBegan, ToolFinished
from core.ledger import FileLedger
from core.records import dataclass
from core.views import FileChange, FileWindow
from core.workspace import Workspace
from flow.notes import NotedContext
from flow.sessions import Session
from flow.undo_notes import UndoNotes

if TYPE_CHECKING:
    from flow.undo import Undo
    from store.checkpoints import WorkspaceCheckpoints

NAMES_ITS_PATH = ("write_file", "edit_file", "replace_lines")
"""Tools whose effect is all in the file that their `path` names; after others the workspace is looked at."""
LEAVES_FILES = ("memory", "project")
"""Tools that write, and to nothing that undo looks after."""


@dataclass
class SessionFiles:
    session: str
    workspace: Workspace
    folder: Path
    """Where checkpoints of all sessions are."""
    ledger: FileLedger = field(default_factory=FileLedger)
    """What the model has seen of files."""
    notes: UndoNotes = field(default_factory=UndoNotes)
    _made: "WorkspaceCheckpoints | None" = field(default=None, init=False)

    def checkpoints(self) -> "WorkspaceCheckpoints":
        self._made = self._made or self._new()
        return self._made

    def _new(self) -> "WorkspaceCheckpoints":
        from store.checkpoints import WorkspaceCheckpoints
        from store.git_objects import GitObjects
        from store.looking import Looker
        from store.objects import Objects
        from store.pending import PendingFile
        from tool.ignore import Folder

        workspace, root = self.workspace, self.workspace.real_root
        own = (root / OWN_FOLDER, root / skills_folder(root), plan_path(root), self.folder.parent.resolve())
        ours = frozenset(map(str, own))
        return WorkspaceCheckpoints(
            workspace=workspace,
            looker=Looker(
                root,
                cover=lambda: replace(Folder.at(root, workspace, root / OWN_FOLDER), hidden=ours),
                objects=Objects(self.folder / "objects"),
                git=GitObjects(root),
            ),
            file=PendingFile(self._pending.parent, self.session),
            names_its_path=NAMES_ITS_PATH,
            leaves_files=LEAVES_FILES,
        )

    def undo(self, session: Session, context: NotedContext) -> "Undo":
        """For the person who is there now."""
        from flow.undo import Undo

        def record(event: Event) -> None:
            session.record(event)
            self.notes.follow(event)

        def forget(records: Sequence[Record]) -> None:
            self.ledger.forget()
            self.remember(records)
            context.begin_anew()

        return Undo(self.checkpoints(), session.log.records, record, session.log.sync, forget)

    def undo_of(
        self,
        records: Callable[[], Iterable[Record]],
        record: Callable[[Event], None],
        sync: Callable[[], None],
    ) -> "Undo":
        """For a log that no session is open on."""
        from flow.undo import Undo

        return Undo(self.checkpoints(), records, record, sync)

    def cut_off(self, earlier: Sequence[Record]) -> Iterator[Event]:
        """What the last call of a killed process had changed by then."""
        if not self._pending.exists():
            return
        recorded = set[str]()
        for record in earlier:
            match record.event:
                case ModelReplied():
                    recorded.clear()
                case FilesChanged(call_id=call_id):
                    recorded.add(call_id)
                case _:
                    pass
        yield from self.checkpoints().recovered(recorded)

    def follow(self, earlier: Sequence[Record]) -> bool:
        """What the model has not been told yet. True when Roost ended while files were put back."""
        unfinished = False
        for record in earlier:
            self.notes.follow(record.event)
            if isinstance(record.event, RestoreBegan | FilesRestored):
                unfinished = isinstance(record.event, RestoreBegan)
        return unfinished

    def remember(self, records: Iterable[Record]) -> None:
        """What the model has seen of files, it may write to after a restart too."""
        root = self.workspace.real_root
        for record in counting(records):
            match record.event:
                case ToolFinished(view=FileWindow() | FileChange() as view):
                    self.ledger.restore(root / view.path, view.digest, changed=isinstance(view, FileChange))
                case _:
                    pass

    def close(self) -> None:
        if self._made:
            self._made.close()

    @property
    def _pending(self) -> Path:
        return self.folder / "pending" / f"{self.session}.json"
