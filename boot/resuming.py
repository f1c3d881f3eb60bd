"""Takes up a session of an earlier start: with which model, where it stood, and which files it had seen."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from boot.opening import Choice
from boot.session_files import SessionFiles
from core.errors import AgentError, ConfigError
from core.events import ModelSwitched, Record
from core.values import value
from flow.notes import NotedContext
from flow.sessions import Session
from store.session_log import SessionHeader, SessionLog
from store.sessions import Sessions


@value
class Earlier:
    """The session that goes on, as it was left. Without a log for a new one."""

    log: SessionLog | None = None
    records: tuple[Record, ...] = ()

    @property
    def header(self) -> SessionHeader | None:
        return self.log.header if self.log else None

    @property
    def tools(self) -> Sequence[str] | None:
        """Those that its model was told of; None for a new session."""
        return [tool.name for tool in self.log.header.tools] if self.log else None

    @property
    def last_model(self) -> ModelSwitched | None:
        """The model that had the floor when the session was left, as the event that gave it."""
        if self.log is None:
            return None
        events = (record.event for record in reversed(self.records))
        switches = (event for event in events if isinstance(event, ModelSwitched))
        return next(switches, ModelSwitched(model=self.log.header.model))

    def close(self) -> None:
        if self.log:
            self.log.close()


def earlier_session(sessions: Sessions, workspace: Path, choice: Choice) -> Earlier:
    """The session that `choice` goes on with. Raises ConfigError: it belongs to another workspace."""
    if choice.resume is None and not choice.newest:
        return Earlier()
    path = sessions.newest(workspace) if choice.resume is None else sessions.find(choice.resume)
    log = SessionLog.open(path)
    try:
        if log.header.root != str(workspace):
            raise ConfigError(
                f"Session {log.session!r} belongs to {log.header.root!r}.",
                hint="Resume it there, or name that folder with --workspace.",
            )
        return Earlier(log=log, records=tuple(log.records()))
    except AgentError:
        log.close()
        raise


def hand_over(
    session: Session, last: ModelSwitched | None, model: str, place: str, *, wanted: bool
) -> Iterator[str]:
    """Record that another model has the floor than the `last` one; say so where that one was `wanted`."""
    if last and (model, place) != (last.model, last.place or place):
        session.record(ModelSwitched(model=model, place=place))
    if last and wanted and model != last.model:
        yield f"{last.model!r}, which it used last, is not there: going on with {model!r}."


def take_up(session: Session, earlier: Earlier, files: SessionFiles, context: NotedContext) -> Iterator[str]:
    """Bring a session of an earlier start to where it was, and say what was lost of it."""
    log, records = earlier.log, earlier.records
    if log is None or not records:
        return
    yield f"Going on with session {log.session}."
    if log.torn:
        yield "The last line of the session had not been written to its end, and was dropped."
    for event in files.cut_off(records):
        session.record(event)
    if session.recover():
        yield "The last turn was cut off. It was closed where it stood; what it had begun may be half done."
    files.remember(records)
    if files.follow(records) and files.undo(session, context).finish():
        yield "Files were being put back when Roost ended: that was carried out now."
