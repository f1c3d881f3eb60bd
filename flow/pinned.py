"""Notes kept in view in a session: read off its records, and told again when the history is gone."""

from collections.abc import Callable, Iterable, Sequence

from core.almost_json import plain_object
from core.conversation import counting
from core.events import Record, ToolFinished, ToolStarted
from core.marking import marked
from core.memory import MOST_NOTE_CHARS, MOST_NOTES
from core.messages import ToolCall, ToolStatus
from core.records import dataclass
from core.text import clip
from core.tokens import CHARS_PER_TOKEN, weight
from flow.prompts import prompt

TOOL = "memory"
MOST_TOKENS = 1_200
"""Of all notes together: the oldest are left out."""


@dataclass(frozen=True)
class PinnedNotes:
    """A source of notes: silent until the history was replaced."""

    records: Callable[[], Iterable[Record]]
    """All of the session so far."""
    name: str = "pinned"

    def news(self, *, anew: bool) -> Sequence[str]:
        if not anew or not (notes := pinned(self.records())):
            return ()
        return [prompt("pinned", notes=marked("\n".join(f"- {note}" for note in notes)))]


def pinned(records: Iterable[Record]) -> Sequence[str]:
    """The notes of a session, oldest first: the newest of them, as many as are kept in view."""
    asked: dict[str, str] = {}
    notes: dict[str, None] = {}
    for record in counting(records):
        match record.event:
            case ToolStarted(call=call):
                asked[call.id] = _note(call)
            case ToolFinished(call_id=call, status=ToolStatus.OK) if note := asked.pop(call, ""):
                notes.pop(note, None)
                notes[note] = None
            case _:
                pass
    return _newest(list(notes))


def _note(call: ToolCall) -> str:
    """What a call notes, in one line; nothing when it notes nothing."""
    if call.name != TOOL:
        return ""
    try:
        given = plain_object(call.arguments)
    except ValueError:
        return ""
    text = given.get("text")
    if given.get("operation") != "note" or not isinstance(text, str):
        return ""
    return clip(" ".join(text.split()), MOST_NOTE_CHARS)


def _newest(notes: Sequence[str]) -> Sequence[str]:
    room, kept = MOST_TOKENS * CHARS_PER_TOKEN, list[str]()
    for note in reversed(notes[-MOST_NOTES:]):
        room -= weight(note) + 3
        if room < 0:
            break
        kept.insert(0, note)
    return kept
