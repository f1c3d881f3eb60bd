"""Takes up a session of an earlier start: with which model, where it stood, and which files it had seen."""

from collections.abc import Iterator, Sequence

from core.events import ModelSwitched, Record, ToolFinished
from core.protocols import ToolServices
from core.views import FileChange, FileWindow
from flow.sessions import Session
from store.session_log import SessionHeader, SessionLog


def last_model(header: SessionHeader, earlier: Sequence[Record]) -> str:
    """The model that had the floor when the session was left."""
    events = (record.event for record in reversed(earlier))
    return next((event.model for event in events if isinstance(event, ModelSwitched)), header.model)


def take_up(
    session: Session, log: SessionLog, earlier: Sequence[Record], services: ToolServices
) -> Iterator[str]:
    """Bring a session of an earlier start to where it was, and say what was lost of it."""
    if not earlier:
        return
    yield f"Going on with session {log.session}."
    if log.torn:
        yield "The last line of the session had not been written to its end, and was dropped."
    if session.recover():
        yield "The last turn was cut off. It was closed where it stood; what it had begun may be half done."
    for record in earlier:
        _remember_files(record, services)


def _remember_files(record: Record, services: ToolServices) -> None:
    """What the model has seen of files, it may write to after a restart too."""
    match record.event:
        case ToolFinished(view=FileWindow(path=path, digest=digest) | FileChange(path=path, digest=digest)):
            changed = isinstance(record.event.view, FileChange)
            services.ledger.restore(services.workspace.real_root / path, digest, changed=changed)
        case _:
            pass
