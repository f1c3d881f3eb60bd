"""Tells the model which files are no longer as it left them, before its next step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.events import Event, FilesRestored, NoteAdded, Rewound
from core.text import quoted
from flow.prompts import prompt

MOST_TOLD = 30
SAID = {"+": " (is there again)", "-": " (removed)", "~": ""}


@dataclass
class UndoNotes:
    name: str = "undo"
    _restored: list[FilesRestored] = field(default_factory=list)

    def follow(self, event: Event) -> None:
        match event:
            case FilesRestored(changes=changes, kept=kept) if changes or kept:
                self._restored.append(event)
            case Rewound():
                self._restored = [event for event in self._restored if event.reason == "rewind"]
            case NoteAdded(source=self.name):
                self._restored.clear()
            case _:
                pass

    def news(self, *, anew: bool) -> Sequence[str]:
        restored, self._restored = self._restored, []
        marks = {
            change.path: change.mark
            for event in restored
            if event.reason != "rewind"  # then the conversation is as old as the files
            for change in event.changes
        }
        kept = [name for event in restored if event.reason == "rewind" for name in map(quoted, event.kept)]
        told = [f"{quoted(path)}{SAID[mark]}" for path, mark in sorted(marks.items())]
        notes = [prompt("files_restored", files=_listed(told))] if told else []
        return [*notes, *([prompt("files_kept", files=_listed(kept))] if kept else [])]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more
