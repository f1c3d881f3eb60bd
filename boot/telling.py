"""What a model is told beside what the person says: before the first words, and later as notes.

system text and tools, frozen ─► head of the first user message, frozen ─► … ─► notes, before each step
"""

from collections.abc import Sequence

from boot.remembering import Remembering
from boot.session_files import SessionFiles
from boot.skills import skill_head
from core.events import NoteAdded, Record, TurnStarted
from core.messages import UserMessage
from core.policies import NoteSource
from core.skill_shelf import USE_SKILL
from core.tools import ToolServices
from flow.instructions import InstructionNotes, instruction_chars, session_head
from flow.notes import Steering
from store.session_log import SessionHeader


def head_of_session(header: SessionHeader, services: ToolServices, memory: Remembering | None) -> str:
    """What the first user message of a new session begins with."""
    root, most_chars = services.workspace.real_root, instruction_chars(header.profile)
    head = session_head(root, today=header.created.date(), most_chars=most_chars)
    has_skills = any(tool.name == USE_SKILL for tool in header.tools)
    skills = skill_head(services.skills, header.profile) if has_skills else ""
    remembered = memory.head(header.profile.size) if memory else ""
    return "\n\n".join(filter(None, (head, skills, remembered)))


def instruction_notes(
    header: SessionHeader,
    earlier: Sequence[Record],
    services: ToolServices,
    memory: Remembering | None,
) -> InstructionNotes:
    """They know what the session was told so far: its head is the first of that."""
    told, as_of = list[str](), header.created
    for record in earlier:
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
        told or [head_of_session(header, services, memory)],
        int(as_of.timestamp() * 1e9),
    )


def note_sources(
    inbox: list[str], instructions: InstructionNotes, files: SessionFiles, *others: NoteSource | None
) -> tuple[NoteSource, ...]:
    """All that may have news before a step, in the order in which the model reads it."""
    return (Steering(inbox), instructions, files.notes, *filter(None, others))
