"""What became of the files of a session, step by step: read off its records, and nothing else. Pure.

step 1   step 2   you: /undo   step 3
   A ──▶ B ──▶ C ──────▶ B ──────▶ D      the states of one file; a gap in this chain is a person's own edit
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.events import (
    FilesChanged,
    FilesNotKept,
    FilesRestored,
    ModelReplied,
    PermissionAnswered,
    PermissionAsked,
    Record,
    RestoreBegan,
    Rewound,
    ToolFinished,
    ToolStarted,
    TurnStarted,
)
from core.file_states import FileState, PathChange, is_same
from core.messages import ToolCall
from core.values import value


@value
class Plan:
    """What has to change to take files back to where they were."""

    to: int
    """They become what they were right after this record."""
    changes: tuple[PathChange, ...]
    doubtful: tuple[str, ...]
    """Those of the paths that a person changed in between, as far as the records show it."""


@dataclass
class FileStep:
    """A reply of the model, and what its calls changed."""

    number: int
    at: datetime
    turn: int
    last: int
    """Its last record."""
    calls: tuple[ToolCall, ...]
    forgotten: bool = False
    """Whether the conversation was rewound to before it."""
    changes: list[PathChange] = field(default_factory=list)


@dataclass
class FileHistory:
    prompts: list[str] = field(default_factory=list)
    """Of each turn."""
    steps: list[FileStep] = field(default_factory=list)
    unfinished: RestoreBegan | None = None
    """What was cut off while files were put back."""
    _changes: list[tuple[int, PathChange, bool]] = field(default_factory=list)
    """Of each record: its number, and whether it is certain that a call did it."""
    _turn_began: int = 0
    _standing: tuple[int, ...] = ()
    """Where files stood before each turn that changed some and was not taken back."""
    _stood: list[tuple[int, tuple[int, ...]]] = field(default_factory=lambda: [(0, ())])
    _taken_back: list[int] = field(default_factory=list)
    """Where files stood before each step back that a redo could take forward again."""

    @classmethod
    def of(cls, records: Iterable[Record]) -> "FileHistory":
        history = cls()
        for record in records:
            history._add(record)
        return history

    @property
    def before_last_turn(self) -> int | None:
        """The record that an undo goes back to; None when there is nothing to take back."""
        for to in reversed(self._standing):
            if self.plan(to).changes:
                return to
        return None

    @property
    def before_last_undo(self) -> int | None:
        return self._taken_back[-1] if self._taken_back else None

    def after_step(self, number: int) -> int:
        """The last record of a step; 0 for step 0, before the first. Raises KeyError."""
        if number == 0:
            return 0
        if not 1 <= number <= len(self.steps):
            raise KeyError(number)
        return self.steps[number - 1].last

    def plan(self, to: int, *, until: int | None = None) -> Plan:
        """From how files are after record `until` (the newest) to how they were after record `to`."""
        first: dict[str, FileState | None] = {}
        last: dict[str, FileState | None] = {}
        doubtful = set[str]()
        for number, change, certain in self._changes:
            if number <= to or (until is not None and number > until):
                continue
            if not certain or last.get(change.path, change.before) != change.before:
                doubtful.add(change.path)
            first.setdefault(change.path, change.before)
            last[change.path] = change.after
        changes = [
            PathChange(path=path, before=last[path], after=first[path])
            for path in sorted(first)
            if not is_same(last[path], first[path])
        ]
        paths = [change.path for change in changes if change.path in doubtful]
        return Plan(to=to, changes=tuple(changes), doubtful=tuple(paths))

    def _add(self, record: Record) -> None:
        match record.event:
            case TurnStarted(prompt=prompt):
                self.prompts.append(prompt.text)
                self._turn_began = record.seq
            case ModelReplied(reply=reply):
                number = len(self.steps) + 1
                self.steps.append(FileStep(number, record.at, len(self.prompts), record.seq, reply.calls))
            case FilesChanged(changes=changes, certain=certain):
                self._changed(record.seq, changes, certain=certain)
            case RestoreBegan() as began:
                self.unfinished = began
            case FilesRestored() as restored:
                self._restored(record.seq, restored)
            case Rewound(to=to):
                for step in self.steps:
                    step.forgotten = step.last > to
            case PermissionAsked() | PermissionAnswered() | ToolStarted() | ToolFinished() | FilesNotKept():
                self.steps[-1].last = record.seq
            case _:
                pass

    def _changed(self, number: int, changes: Sequence[PathChange], *, certain: bool) -> None:
        self._changes += [(number, change, certain) for change in changes]
        self._taken_back.clear()
        if self.steps:
            self.steps[-1].changes += changes
            self.steps[-1].last = number
        if not self._standing or self._standing[-1] < self._turn_began:
            self._stand(number, (*self._standing, number - 1))

    def _restored(self, number: int, restored: FilesRestored) -> None:
        self.unfinished = None
        self._changes += [(number, change, True) for change in restored.changes]
        if self._taken_back and restored.to == self._taken_back[-1]:
            self._taken_back.pop()
        else:
            self._taken_back.append(number - 1)
        self._stand(number, next(stood for at, stood in reversed(self._stood) if at <= restored.to))

    def _stand(self, number: int, standing: tuple[int, ...]) -> None:
        self._standing = standing
        self._stood.append((number, standing))
