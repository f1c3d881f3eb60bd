"""Tells the model which files are no longer as it left them, before its next step."""

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from core.events import Event, FilesRestored, NoteAdded, Rewound
from core.file_states import PathChange
from core.records import dataclass
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
        told = [f"{quoted(change.path)}{SAID[change.mark]}" for change in _together(restored)]
        kept = [quoted(name) for event in restored if event.reason == "rewind" for name in event.kept]
        return [
            *([prompt("files_restored", files=_listed(told))] if told else []),
            *([prompt("files_kept", files=_listed(kept))] if kept else []),
        ]


def _together(restored: Sequence[FilesRestored]) -> Iterator[PathChange]:
    """What became of files in all; after a rewind the conversation is as old as they are."""
    changes: dict[str, PathChange] = {}
    for event in restored:
        for change in event.changes if event.reason != "rewind" else ():
            first = changes.get(change.path, change)
            changes[change.path] = replace(change, before=first.before)
    for _, change in sorted(changes.items()):
        kinds = {state.kind for state in (change.before, change.after) if state}
        if change.before != change.after and kinds != {"folder"}:
            yield change


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more
