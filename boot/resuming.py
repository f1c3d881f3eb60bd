"""Takes up a session of an earlier start: with which model, where it stood, and which files it had seen."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from boot.session_files import SessionFiles
from core.errors import ConfigError
from core.events import ModelSwitched, Record
from flow.notes import NotedContext
from flow.sessions import Session
from store.session_log import SessionHeader, SessionLog
from store.sessions import Sessions


def earlier_log(
    sessions: Sessions, workspace: Path, wanted: str | None, *, newest: bool
) -> SessionLog | None:
    """The log of the session that goes on; None for a new one."""
    if wanted is None and not newest:
        return None
    log = SessionLog.open(sessions.newest(workspace) if wanted is None else sessions.find(wanted))
    if log.header.root != str(workspace):
        log.close()
        raise ConfigError(
            f"Session {log.session!r} belongs to {log.header.root!r}.",
            hint="Resume it there, or name that folder with --workspace.",
        )
    return log


def last_model(header: SessionHeader, earlier: Sequence[Record]) -> ModelSwitched:
    """The model that had the floor when the session was left, as the event that gave it."""
    events = (record.event for record in reversed(earlier))
    switches = (event for event in events if isinstance(event, ModelSwitched))
    return next(switches, ModelSwitched(model=header.model))


def hand_over(
    session: Session, last: ModelSwitched | None, model: str, place: str, *, wanted: bool
) -> Iterator[str]:
    """Record that another model has the floor than the `last` one; say so where that one was `wanted`."""
    if last and (model, place) != (last.model, last.place or place):
        session.record(ModelSwitched(model=model, place=place))
    if last and wanted and model != last.model:
        yield f"{last.model!r}, which it used last, is not there: going on with {model!r}."


def take_up(
    session: Session,
    log: SessionLog,
    earlier: Sequence[Record],
    files: SessionFiles,
    context: NotedContext,
) -> Iterator[str]:
    """Bring a session of an earlier start to where it was, and say what was lost of it."""
    if not earlier:
        return
    yield f"Going on with session {log.session}."
    if log.torn:
        yield "The last line of the session had not been written to its end, and was dropped."
    for event in files.cut_off(earlier):
        session.record(event)
    if session.recover():
        yield "The last turn was cut off. It was closed where it stood; what it had begun may be half done."
    files.remember(earlier)
    if files.follow(earlier) and files.undo(session, context).finish():
        yield "Files were being put back when Roost ended: that was carried out now."
