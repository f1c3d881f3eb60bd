"""`/sessions`, `/resume`, `/clear`, `/export`: what was said before, gone on with, left, or taken along."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from boot.chat_commands import OpenChat
from boot.commands.sessions import age
from boot.exporting import document_of, format_of
from boot.layers import here
from core.errors import AgentError, ConfigError, StoreError
from core.values import utc_now
from core.visible import visible
from servr.spans import Line, Style
from servr.terminal.talk import Next
from store.session_log import read_header
from store.sessions import Sessions, SessionSummary

SHOWN = 15


async def sessions(chat: OpenChat, wanted: str) -> Iterable[Line]:
    """Of this workspace, or of all that have the words."""
    kept = Sessions(here().folders.sessions)
    found = await asyncio.to_thread(_found, kept, chat.opened.workspace, wanted.split())
    if not found:
        return [Line("No session speaks of that." if wanted else "There is no session here yet.")]
    rows = [Line(_row(one, chat.opened.session.id)) for one in found]
    return [*rows, Line("/resume ID goes on with one; how the id alone begins will do.", Style.DIM)]


async def resume(chat: OpenChat, wanted: str) -> Iterable[Line]:
    if not wanted:
        return await sessions(chat, "")
    try:
        path = Sessions(here().folders.sessions).find(wanted)
        folder = _other_folder(path, chat.opened.workspace)
    except AgentError as error:
        return [Line(visible(str(error)))]
    if path.stem == chat.opened.session.id:
        return [Line("That is this session.")]
    chat.chat.next = Next(
        kind="resume",
        session=path.stem,
        folder=folder,
        before=chat.opened.session.id,
    )
    return [Line(visible(f"That session belongs to {folder}: going there."), Style.DIM)] if folder else []


def _other_folder(session: Path, workspace: Path) -> str:
    """Where a session belongs to; empty where that is `workspace`. Raises ConfigError when it is gone."""
    root = read_header(session).root
    if root == str(workspace):
        return ""
    if not Path(root).is_dir():
        said = f"That session belongs to {root!r}, which is no folder any more."
        raise ConfigError(said, hint=f"roost sessions export {session.stem} shows it.")
    return root


async def clear(chat: OpenChat, wanted: str) -> Iterable[Line]:
    session = chat.opened.session
    if not session.conversation.messages:
        return [Line("This session is new: nothing was said in it yet.")]
    chat.chat.next = Next(kind="new", before=session.id)
    return [Line(f"A new session. /resume {session.id} goes back.", Style.DIM)]


async def export(chat: OpenChat, wanted: str) -> Iterable[Line]:
    return [Line(visible(await asyncio.to_thread(_written, chat, wanted)))]


def _written(chat: OpenChat, wanted: str) -> str:
    """To a new file of the workspace; what came of it, in a sentence."""
    path = chat.opened.workspace / Path(wanted or f"roost-{chat.opened.session.id}.md").expanduser()
    try:
        document = _document(chat, path.name)
        with path.open("x", encoding="utf-8") as file:
            file.write(document)
    except FileExistsError:
        return f"{str(path)!r} is there already. /export NAME takes another."
    except (AgentError, OSError) as error:
        return f"It was not written: {error}"
    return f"Written to {path}."


def _document(chat: OpenChat, name: str) -> str:
    """The session so far; raises StoreError where nothing was said."""
    path = Sessions(here().folders.sessions).path_of(chat.opened.workspace, chat.opened.session.id)
    if not path.exists():
        raise StoreError("Nothing was said yet.", hint="Export it later.")
    return document_of(path, format_of(name), chat.opened.session.masked.masking.masked)


def _found(kept: Sessions, workspace: Path, words: Sequence[str]) -> Sequence[SessionSummary]:
    if words:
        return [passage.summary for passage in islice(kept.search(words), SHOWN)]
    return [*islice(kept.summaries(workspace), SHOWN)]


def _row(summary: SessionSummary, current: str) -> str:
    mark = "*" if summary.session == current else " "
    text = f"{mark} {summary.session}  {age(utc_now(), summary.used):<14}  {summary.title}  [{summary.root}]"
    return visible(text)
