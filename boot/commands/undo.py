"""`roost undo`: the steps of a session with what they changed, and its files back to one of them."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from boot.layers import Loaded, here
from boot.masking import masking_of
from boot.paths import Folders
from boot.session_files import SessionFiles
from boot.shown import show
from core.errors import UndoRefused
from core.events import Event
from core.masking import Masking
from core.visible import visible
from core.workspace import Workspace
from flow.masking import mapped
from flow.undo import Undo, Wish
from servr.drawing import lines_of, lines_of_view
from servr.file_lines import lines_of_skills, lines_of_steps
from servr.spans import Line, Style
from store.session_log import SessionLog, read_header, read_records
from store.sessions import Sessions

MOST_NAMED = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--session", metavar="ID", help="or how it alone begins; else the newest of the workspace")
    add("--to", type=int, metavar="STEP", help="files become what they were after it; 0: before all")
    add("--preview", action="store_true", help="only show what would change")
    add("--overwrite", action="store_true", help="also what somebody else changed since")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    of = (here().folders, loaded.workspace, given.session)
    if given.to is None:
        return list_steps(*of)
    if given.preview:
        return preview(*of, given.to)
    masking = masking_of(loaded.settings, here())
    return undo_to(*of, given.to, overwrite=given.overwrite, masking=masking)


def list_steps(folders: Folders, workspace: Path, session: str | None) -> int:
    """Also while another process is writing the session."""
    path = _path_of(folders, workspace, session)
    records = list(read_records(path))
    undo = _files(path, folders).undo_of(lambda: records, _refuse_to_record, lambda: None)
    history = undo.history()
    show([Line(f"Session {path.stem}", Style.DIM), *lines_of_steps(history)])
    if not history.steps:
        show([Line("The model has taken no step yet.")])
    return 0


def preview(folders: Folders, workspace: Path, session: str | None, step: int) -> int:
    """What `undo_to` would do; nothing is changed."""
    path = _path_of(folders, workspace, session)
    records = list(read_records(path))
    undo = _files(path, folders).undo_of(lambda: records, _refuse_to_record, lambda: None)
    views, conflicts = undo.preview(step)
    show(line for view in views for line in lines_of_view(view))
    show(Line(f"not as the agent left it: {visible(text)}", Style.BAD) for text in conflicts)
    if not views:
        show([Line(f"The files are as they were after step {step}.")])
    return 0


def undo_to(
    folders: Folders, workspace: Path, session: str | None, step: int, *, overwrite: bool, masking: Masking
) -> int:
    """Raises UndoRefused when a file was changed by somebody else since, unless it may be overwritten."""

    async def consent(conflicts: Sequence[str]) -> Wish:
        if overwrite:
            return "overwrite"
        named = "; ".join(conflicts[:MOST_NAMED]) + (" …" if len(conflicts) > MOST_NAMED else "")
        raise UndoRefused(
            f"Nothing was done, for these are not as the agent left them: {named}.",
            hint="Look with --preview; --overwrite does it all the same, and can be taken back in turn.",
        )

    with _opened(_path_of(folders, workspace, session), folders, masking) as undo:
        show(lines_of_skills(asyncio.run(undo.to_step(step, consent))))
    return 0


@contextmanager
def _opened(path: Path, folders: Folders, masking: Masking) -> Iterator[Undo]:
    log = SessionLog.open(path)
    files = _files(path, folders)

    def record(event: Event) -> None:
        shown = mapped(event, masking.masked)
        log.append(shown)
        show(lines_of(shown))

    try:
        for event in files.cut_off(list(log.records())):
            record(event)
        undo = files.undo_of(log.records, record, log.sync)
        undo.finish()
        yield undo
    finally:
        files.close()
        log.close()


def _path_of(folders: Folders, workspace: Path, session: str | None) -> Path:
    sessions = Sessions(folders.sessions)
    return sessions.find(session) if session else sessions.newest(workspace)


def _files(path: Path, folders: Folders) -> SessionFiles:
    root = Path(read_header(path).root)
    return SessionFiles(path.stem, Workspace(root), folders.checkpoints)


def _refuse_to_record(event: Event) -> None:
    raise AssertionError(f"looking recorded {event.type}")
