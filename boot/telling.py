"""What a model is told beside what the person says: before the first words, and later as notes.

system text and tools, frozen ─► head of the first user message, frozen ─► … ─► notes, before each step
"""

from boot.features import Begun, Features
from core.events import NoteAdded, TurnStarted
from core.messages import UserMessage
from core.tools import ToolServices
from flow.instructions import InstructionNotes, instruction_chars, session_head


def head_of_session(begun: Begun, services: ToolServices, features: Features) -> str:
    """What the first user message of a new session begins with."""
    header, root = begun.log.header, services.workspace.real_root
    most_chars = instruction_chars(header.profile)
    head = session_head(root, today=header.created.date(), most_chars=most_chars)
    return "\n\n".join((head, *features.head(begun)))


def instruction_notes(begun: Begun, services: ToolServices, features: Features) -> InstructionNotes:
    """They know what the session was told so far: its head is the first of that."""
    header = begun.log.header
    told, as_of = list[str](), header.created
    for record in begun.earlier:
        as_of = record.at
        match record.event:
            case TurnStarted(prompt=UserMessage(head=head)) if not told:
                told.append(head)
            case NoteAdded(source="instructions", text=text):
                told.append(text)
            case _:
                pass
    return InstructionNotes(
        services.workspace.real_root,
        services.ledger,
        instruction_chars(header.profile),
        told or [head_of_session(begun, services, features)],
        int(as_of.timestamp() * 1e9),
    )
