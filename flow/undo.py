"""Takes back what a session changed, and brings it back again: files, and the conversation with them.

plan ── is a file not as it should be? ── ask ── restore_began ── files ── files_restored ── note
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from core.checkpoints import Checkpoints, Restored
from core.conversation import Conversation, counting
from core.errors import UndoRefused
from core.events import (
    Event,
    FilesRestored,
    Record,
    RestoreBegan,
    Restoring,
    Rewound,
    ToolFinished,
    ToolStarted,
)
from core.file_states import FileState, PathChange, is_same
from core.messages import ToolStatus
from core.views import FileChange
from flow.file_differences import file_differences
from flow.file_history import FileHistory, Plan

Wish = Literal["overwrite", "keep", "stop"]


class Consent(Protocol):
    async def __call__(self, conflicts: Sequence[str]) -> Wish:
        """What becomes of files that are not as the agent left them: `stop` leaves everything as it is."""
        ...


@dataclass
class Undo:
    """For one session, between two turns."""

    checkpoints: Checkpoints
    records: Callable[[], Iterable[Record]]
    record: Callable[[Event], object]
    sync: Callable[[], None]
    """Wait until what was recorded is on the disk."""
    forget: Callable[[Sequence[Record]], None] = lambda records: None
    """Told what still counts after the conversation was rewound."""

    def history(self) -> FileHistory:
        return FileHistory.of(self.records())

    async def back(self, consent: Consent) -> Sequence[str]:
        """Take back what the newest turn changed that still stands; `skills_since`. Raises UndoRefused."""
        history = self.history()
        if (to := history.before_last_turn) is None:
            again = history.before_last_undo is not None
            hint = "All of it was, and can be brought back." if again else "This session changed no file."
            raise UndoRefused("There is nothing to take back.", hint=hint)
        await self._move("undo", history.plan(to), consent)
        return self.skills_since(to)

    async def forward(self, consent: Consent) -> None:
        """Bring back what was taken back last. Raises UndoRefused."""
        history = self.history()
        if (to := history.before_last_undo) is None:
            raise UndoRefused("There is nothing to bring back.", hint="Only what was just taken back can be.")
        await self._move("redo", history.plan(to), consent)

    async def to_step(self, number: int, consent: Consent) -> Sequence[str]:
        """Files become what they were after a step, be it by going back or forward; `skills_since`.

        Raises UndoRefused.
        """
        history = self.history()
        to = _end_of(history, number)
        await self._move("undo", history.plan(to), consent)
        return self.skills_since(to)

    async def rewind(self, number: int, consent: Consent) -> Sequence[str]:
        """Files and conversation go on from the end of a step; `skills_since`. Raises UndoRefused."""
        history = self.history()
        to = _end_of(history, number)
        if (plan := history.plan(to)).changes:
            await self._move("rewind", plan, consent)
        records = list(self.records())
        now = Conversation.replay(record.event for record in records).messages
        then = Conversation.replay(record.event for record in records if record.seq <= to).messages
        kept = next(
            (at for at, both in enumerate(zip(now, then, strict=False)) if both[0] != both[1]),
            min(len(now), len(then)),
        )
        self.record(Rewound(to=to, kept=kept, messages=tuple(then[kept:])))
        self.forget(counting(self.records()))
        return self.skills_since(to)

    def skills_since(self, number: int) -> Sequence[str]:
        """Those that were promoted after a record: they stay, for other sessions may call them by now."""
        asked, promoted = dict[str, str](), list[str]()
        for record in self.records():
            match record.event:
                case ToolStarted(call=call) if call.name == "promote_skill" and record.seq > number:
                    asked[call.id] = _name_of_skill(call.arguments)
                case ToolFinished(call_id=call_id, status=ToolStatus.OK) if call_id in asked:
                    promoted.append(asked[call_id])
                case _:
                    pass
        return [*dict.fromkeys(promoted)]

    def finish(self) -> bool:
        """Carry out what was cut off while files were put back; False when nothing was."""
        if (began := self.history().unfinished) is None:
            return False
        self._ended(began, self.checkpoints.restore(began.changes), kept=())
        return True

    def as_they_are(self, plan: Plan) -> tuple[Sequence[PathChange], Mapping[str, str]]:
        """The changes from how files really are, and why some are not as the agent left them."""
        states = self.checkpoints.states([change.path for change in plan.changes])
        pairs = list(zip(plan.changes, states, strict=True))
        conflicts = {change.path: why for change, now in pairs if (why := _conflict(change, now, plan))}
        return [replace(change, before=now) for change, now in pairs], conflicts

    def differences(self, step: int | None = None) -> Sequence[FileChange]:
        """What one step changed, or all of them together. Raises UndoRefused."""
        history = self.history()
        if step is None:
            plan = history.plan(0)
        else:
            end = _end_of(history, step)
            plan = history.plan(_end_of(history, max(0, step - 1)), until=end)
        made = [replace(change, before=change.after, after=change.before) for change in plan.changes]
        return list(file_differences(made, self.checkpoints.content))

    def preview(self, number: int) -> tuple[Sequence[FileChange], Sequence[str]]:
        """What `to_step` would do, and what it would ask about. Raises UndoRefused."""
        history = self.history()
        changes, conflicts = self.as_they_are(history.plan(_end_of(history, number)))
        needed = [change for change in changes if change.before != change.after]
        views = list(file_differences(needed, self.checkpoints.content))
        return views, [f"{path}: {why}" for path, why in conflicts.items()]

    async def _move(self, reason: Restoring, plan: Plan, consent: Consent) -> None:
        changes, conflicts = await asyncio.to_thread(self.as_they_are, plan)
        sentences = [f"{path}: {why}" for path, why in conflicts.items()]
        wish = await consent(sentences) if conflicts else "overwrite"
        if wish == "stop":
            raise UndoRefused("No file was touched.")
        if wish == "keep":
            changes = [change for change in changes if not _is_left(change, conflicts)]
        began = RestoreBegan(reason=reason, to=plan.to, changes=tuple(changes))
        await _to_the_end(self._carry_out(began, tuple(sentences) if wish == "keep" else ()))

    async def _carry_out(self, began: RestoreBegan, kept: tuple[str, ...]) -> None:
        self.record(began)
        await asyncio.to_thread(self.sync)
        self._ended(began, await asyncio.to_thread(self.checkpoints.restore, began.changes), kept)
        await asyncio.to_thread(self.sync)

    def _ended(self, began: RestoreBegan, restored: Restored, kept: tuple[str, ...]) -> None:
        self.record(
            FilesRestored(
                reason=began.reason, to=began.to, changes=restored.done, kept=(*kept, *restored.kept)
            )
        )


def _end_of(history: FileHistory, step: int) -> int:
    try:
        return history.after_step(step)
    except KeyError:
        count = len(history.steps)
        there_is = f"There are steps 1 to {count}" if count else "The model has taken no step yet"
        raise UndoRefused(f"There is no step {step}.", hint=f"{there_is}; 0 is before the first.") from None


def _name_of_skill(arguments: str) -> str:
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(arguments)["tool_name"])
    return "?"


def _is_left(change: PathChange, conflicts: Iterable[str]) -> bool:
    """A folder in which something stays does so too."""
    return any(path == change.path or path.startswith(f"{change.path}/") for path in conflicts)


def _conflict(change: PathChange, now: FileState | None, plan: Plan) -> str:
    """Why a person has to be asked before `change` is made where `now` is."""
    cannot_be_done = change.after and not change.after.is_known
    if is_same(now, change.after) or cannot_be_done:
        return ""
    if now and not now.is_known:
        return "its content is not known"
    if now == change.before:
        return "somebody else may have changed it too" if change.path in plan.doubtful else ""
    return _difference(change.before, now)


def _difference(expected: FileState | None, now: FileState | None) -> str:
    if now is None:
        return "it was removed since"
    if expected is None:
        return "there is something new in its place"
    only_rights = now.kind == expected.kind == "folder"  # of a folder, which are nobody's work
    return "" if only_rights else "it was changed since"


async def _to_the_end(work: Coroutine[object, object, None]) -> None:
    """Wait for `work`, which goes on to its end even if nobody waits any more."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
