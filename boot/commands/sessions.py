"""`roost sessions`: what was said before, in short, in full, and as a document."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from boot.exporting import FORMATS, Format, document_of, format_of
from boot.layers import Loaded, here
from boot.masking import masking_of
from core.errors import ConfigError, StoreError
from core.events import Event, ModelReplied, TurnStarted
from core.masking import Masking
from core.values import Clock, utc_now
from core.visible import visible
from servr.drawing import lines_of
from store.session_log import read_header, read_records
from store.sessions import Sessions, SessionSummary

SHOWN = 30
AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="of every workspace")
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="ACTION")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(action=name)
        return added

    listing = action("list", "The sessions, last used first.")
    search = action("search", "Sessions with a prompt or a reply that has all these words.")
    show = action("show", "What was said and done.")
    export = action("export", "A session as Markdown, or as a page that stands on its own.")
    for one in (listing, search):  # what was not given here leaves what was given before
        one.add_argument("--all", action="store_true", default=argparse.SUPPRESS, help="of every workspace")
        one.add_argument("--workspace", metavar="FOLDER", default=argparse.SUPPRESS, help="whose sessions")
    for one in (show, export):
        one.add_argument("id", metavar="ID", help="the id, or how it alone begins")
    search.add_argument("words", nargs="+", metavar="WORD")
    export.add_argument(
        "-o", "--output", metavar="FILE", help="a new file instead of stdout; FILE.html is a page"
    )
    export.add_argument("--format", choices=FORMATS, help="by default what FILE's name says, or markdown")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    sessions = Sessions(here().folders.sessions)
    workspace = None if given.all else loaded.workspace
    match given.action:
        case "search":
            return search_sessions(sessions, workspace, given.words)
        case "show":
            return show_session(sessions, given.id)
        case "export":
            masking = masking_of(loaded.settings, here())
            form: Format = given.format or format_of(given.output)
            return export_session(sessions, given.id, given.output, masking, form)
        case _:
            return list_sessions(sessions, workspace)


def list_sessions(sessions: Sessions, workspace: Path | None, clock: Clock = utc_now) -> int:
    """Of `workspace`, or of all when it is None; those used last come first."""
    summaries = list(islice(sessions.summaries(workspace), SHOWN))
    for summary in summaries:
        _say(_row(summary, clock(), with_folder=workspace is None))
    if not summaries:
        where = f"in {workspace}" if workspace else "yet"
        more = " --all lists those of other folders." if workspace else ""
        _say(f"There is no session {where}.{more}")
    elif (left := len(sessions.paths(workspace)) - SHOWN) > 0:
        _say(f"({left} older ones: roost sessions search WORDS finds them)")
    return 0


def search_sessions(
    sessions: Sessions, workspace: Path | None, words: Sequence[str], clock: Clock = utc_now
) -> int:
    """Exit code 1 when nothing is found."""
    found = False
    for passage in sessions.search(words, workspace):
        found = True
        _say(_row(passage.summary, clock(), with_folder=workspace is None))
        _say(f"    {passage.text}")
    if not found:
        _say(
            "No session speaks of that."
            + (" --all searches those of other folders too." if workspace else "")
        )
    return 0 if found else 1


def show_session(sessions: Sessions, wanted: str) -> int:
    path = sessions.find(wanted)
    header = read_header(path)
    _say(f"Session {header.session}, {header.root}, {header.model}")
    for record in read_records(path):
        for line in _lines(record.event):
            _say(line)
    return 0


def export_session(
    sessions: Sessions, wanted: str, output: str | None, masking: Masking, form: Format = "markdown"
) -> int:
    """To a new file, or to stdout when none is named."""
    document = document_of(sessions.find(wanted), form, masking.masked)
    if output is None:
        sys.stdout.write(document)
        return 0
    try:
        with Path(output).open("x", encoding="utf-8") as file:
            file.write(document)
    except FileExistsError as error:
        raise ConfigError(f"{output!r} is there already.", hint="Name another file.") from error
    except OSError as error:
        raise StoreError(
            f"{output!r} cannot be written: {error.strerror}.", hint="Name another file."
        ) from error
    _say(f"Written to {output}.")
    return 0


def _row(summary: SessionSummary, now: datetime, *, with_folder: bool) -> str:
    turns = "1 turn" if summary.turns == 1 else f"{summary.turns} turns"
    row = f"{summary.session:<20}  {age(now, summary.used):<15}  {turns:<9}  {summary.title}"
    return f"{row}  [{summary.root}]" if with_folder else row


def age(now: datetime, then: datetime) -> str:
    seconds = (now - then).total_seconds()
    for length, unit in AGES:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def _lines(event: Event) -> Iterator[str]:
    match event:
        case TurnStarted(prompt=prompt):
            yield from ("", *(f"> {line}" for line in prompt.text.splitlines()), "")
        case ModelReplied(reply=reply):
            yield from reply.text.strip().splitlines()
        case _:
            yield from (line.text for line in lines_of(event))


def _say(line: str) -> None:
    sys.stdout.write(visible(line) + "\n")
