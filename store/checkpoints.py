"""What calls change in the workspace, found out and kept, so that it can be taken back.

before a call that writes to a path it names ─── that path ──┐
before any other that writes or executes ─── a whole look ───┼── the call ── the same again ── files_changed
                                                             │
                                      written down, should Roost be killed meanwhile
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Lock

from core.checkpoints import Restored, Tell
from core.errors import ToolError
from core.events import Event, FilesChanged, FilesNotKept
from core.file_states import FileState, PathChange, name_written, written_name
from core.messages import ToolCall
from core.workspace import Workspace
from store.looking import Look, Looker, Seen, differences
from store.pending import Pending, PendingFile
from store.restoring import Restorer

MOST_NAMED = 20
NOT_IN_GIT = "git has thrown it away"


@dataclass
class WorkspaceCheckpoints:
    """Those of one session. What .gitignore hides and what is in .git is not looked after."""

    workspace: Workspace
    looker: Looker
    file: PendingFile
    names_its_path: Collection[str] = ()
    """Tools that write to their argument `path` and to nothing else."""
    leaves_files: Collection[str] = ()
    """Tools that write, and to nothing that can be taken back here."""
    _look: Look | None = field(default=None, init=False)
    """The newest of the whole workspace."""
    _pending: Pending | None = field(default=None, init=False)
    _looking: Lock = field(default_factory=Lock, init=False)
    """One look at a time: a call that is cancelled leaves one behind that still goes on."""
    _told: set[str] = field(default_factory=set, init=False)
    """What a person knows to be not kept."""

    @asynccontextmanager
    async def around(
        self, call: ToolCall, arguments: Mapping[str, object], tell: Tell
    ) -> AsyncIterator[None]:
        await self._settle(tell, certain=False)  # of a call whose end was itself cut short
        if call.name in self.leaves_files:
            yield
            return
        path = arguments.get("path") if call.name in self.names_its_path else None
        self._pending, told = await asyncio.to_thread(self._begun, call, path)
        for event in told:
            await tell(event)
        try:
            yield
        finally:
            await self._settle(tell)

    def recovered(self, recorded: Collection[str]) -> Iterator[Event]:
        """What the call changed during which an earlier process was killed, unless it is in `recorded`."""
        self._pending = self.file.read()
        if self._pending and self._pending.call_id not in recorded:
            yield from self._ended(certain=False)
        self._forget()

    def states(self, paths: Sequence[str]) -> Sequence[FileState | None]:
        names = [name_written(path) for path in paths]
        look = self.looker.see(names)
        for seen in look.files.values():
            self.looker.keep_from_git(seen)
        return [look.files[name].state if name in look.files else None for name in names]

    def content(self, state: FileState) -> bytes | None:
        return self.looker.objects.get(state.digest) if state.digest else None

    def restore(self, changes: Sequence[PathChange]) -> Restored:
        return Restorer(self.looker.root, self.states, self.content).restore(changes)

    def close(self) -> None:
        """An unsettled call is left for the next process to find; what nobody needs any more goes."""
        if self._pending is None:
            self.file.remove()
        self.looker.git.close()
        if self._look is not None:
            self.looker.objects.sweep()
            self.file.sweep()

    def _begun(self, call: ToolCall, path: object) -> tuple[Pending, Sequence[Event]]:
        """What is there before the call, kept and written down; and what a person has to be told of it."""
        with self._looking:
            pending = self._before(call, path)
            left_out = pending.before.left_out
            try:
                self.file.write(pending)
            except OSError as error:
                left_out = {"": f"what this call changes, if Roost is killed meanwhile ({error.strerror})"}
            return pending, self._not_kept(left_out)

    def _before(self, call: ToolCall, path: object) -> Pending:
        if isinstance(path, str):
            names = self._names(path)
            return Pending(call.id, self.looker.see(names), names)
        self._look = self.looker.look(self._look)
        return Pending(call.id, self._look)

    async def _settle(self, tell: Tell, *, certain: bool = True) -> None:
        if self._pending is None:
            return
        for event in await asyncio.to_thread(self._ended, certain=certain):
            await tell(event)
        self._forget()

    def _forget(self) -> None:
        self._pending = None
        self.file.settle()

    def _ended(self, *, certain: bool) -> Sequence[Event]:
        """What the pending call has changed."""
        with self._looking:
            return list(self._changed_by(self._pending, certain=certain)) if self._pending else ()

    def _changed_by(self, pending: Pending, *, certain: bool) -> Iterator[Event]:
        if pending.paths is None:
            after = self._look = self.looker.look(pending.before)
        else:
            after = self.looker.see(pending.paths)
        found = list(differences(pending.before, after))
        lost = {path: NOT_IN_GIT for path, old, _ in found if old and not self.looker.keep_from_git(old)}
        changes = tuple(_change(*each) for each in found)
        if changes:
            yield FilesChanged(
                call_id=pending.call_id, changes=changes, found=pending.paths is None, certain=certain
            )
        yield from self._not_kept({**after.left_out, **lost})

    def _names(self, asked: str) -> tuple[str, ...]:
        """A path and those of its folders that are missing; none for what is no file of the workspace."""
        try:
            path = self.workspace.resolve(asked)
        except ToolError:
            return ()
        names = [
            self.workspace.name_of(each)
            for each in (path, *path.parents)
            if each.is_relative_to(self.looker.root)
        ]
        *names, _ = names  # the last is the root
        if ".git" in (name.rpartition("/")[2] for name in names):
            return ()
        missing = [name for name in names[1:] if self.looker.see([name]).missing]
        return (*names[:1], *missing)

    def _not_kept(self, left_out: Mapping[str, str]) -> Sequence[Event]:
        """What is told of paths whose content is not kept: of each once."""
        new = [_sentence(path, why) for path, why in sorted(left_out.items()) if path not in self._told]
        self._told.update(left_out)
        if not new:
            return ()
        return (FilesNotKept(files=tuple(new[:MOST_NAMED]), more=max(0, len(new) - MOST_NAMED)),)


def _change(path: str, old: Seen | None, new: Seen | None) -> PathChange:
    return PathChange(
        path=written_name(path), before=old.state if old else None, after=new.state if new else None
    )


def _sentence(path: str, why: str) -> str:
    return f"{written_name(path)}: {why}" if path else why
