"""The sessions of one user: where each is kept, and how to find one again.

<folder>/<workspace's name>-<hash of its path>/<id>.jsonl
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.errors import ConfigError, StoreError
from core.records import dataclass
from core.values import value
from store.session_log import check_format, first_line

SUFFIX = ".jsonl"
SHOWN_CHARS = 60

TURN = b'"event":{"type":"turn_started"'
REPLY = b'"event":{"type":"model_replied"'
"""Quotes within a text are escaped, so these stand nowhere but where an event begins."""


@value
class SessionSummary:
    session: str
    path: Path
    root: str
    """Real path of its workspace."""
    model: str
    created: datetime
    used: datetime
    """When it was last written to."""
    title: str
    """How its first prompt begins."""
    turns: int


@value
class Passage:
    """Where a session speaks of something."""

    summary: SessionSummary
    text: str


def new_session_id(now: datetime, token: str) -> str:
    """An id that sorts by time; `token` keeps apart what began in the same second."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{token}"


def workspace_slug(workspace: Path) -> str:
    """A folder's name for a workspace: readable, and another one for every real path."""
    readable = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in workspace.name)
    return f"{readable.strip('-')[:40] or 'root'}-{sha256(bytes(workspace.resolve())).hexdigest()[:8]}"


@dataclass(frozen=True)
class Sessions:
    folder: Path

    def path_of(self, workspace: Path, session: str) -> Path:
        """Where a new session is to be written."""
        return self.folder / workspace_slug(workspace) / f"{session}{SUFFIX}"

    def paths(self, workspace: Path | None = None) -> list[Path]:
        """Those of one workspace or of all, last used first."""
        below = workspace_slug(workspace) if workspace else "*"
        return sorted(self.folder.glob(f"{below}/*{SUFFIX}"), key=_last_used, reverse=True)

    def newest(self, workspace: Path) -> Path:
        """The session of `workspace` that was used last and can be read.

        Raises:
            ConfigError: there is none.
        """
        for path in self.paths(workspace):
            if _has_header(path):
                return path
        raise ConfigError(
            f"There is no session in {str(workspace)!r} to continue.", hint="Start one without --continue."
        )

    def find(self, wanted: str) -> Path:
        """The session whose id is, or alone begins with, `wanted`.

        Raises:
            ConfigError: there is none, or several.
        """
        by_id = {path.stem: path for path in self.paths()}
        if wanted in by_id:
            return by_id[wanted]
        found = sorted(session for session in by_id if wanted and session.startswith(wanted))
        if len(found) == 1:
            return by_id[found[0]]
        if found:
            raise ConfigError(
                f"{len(found)} sessions begin with {wanted!r}.", hint=f"Which one: {_some(found)}?"
            )
        raise ConfigError(f"There is no session {wanted!r}.", hint=_instead(wanted, list(by_id)))

    def summaries(self, workspace: Path | None = None) -> Iterator[SessionSummary]:
        """Last used first; files that are no sessions are passed over. Costs reading each file."""
        return (summary for path in self.paths(workspace) if (summary := _summary(path)) is not None)

    def search(self, words: Sequence[str], workspace: Path | None = None) -> Iterator[Passage]:
        """Sessions with a prompt or a reply that has all of `words`, whatever their case."""
        wanted = [word.casefold() for word in words]
        for path in self.paths(workspace):
            text = _passage(path, wanted)
            summary = _summary(path) if text else None
            if summary is not None:
                yield Passage(summary=summary, text=text)


def _last_used(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:  # deleted since it was listed
        return 0.0, path.name


def _has_header(path: Path) -> bool:
    try:
        check_format(path, first_line(path))
    except StoreError:
        return False
    return True


def _summary(path: Path) -> SessionSummary | None:
    """None for what cannot be read: a list does not end at one damaged file."""
    try:
        header = check_format(path, first_line(path))
        prompts = list(_events(path, (TURN,)))
        return SessionSummary(
            session=path.stem,
            path=path,
            root=header["root"],
            model=header["model"],
            created=datetime.fromisoformat(header["created"]),
            used=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            title=_first_words(_text_of(prompts[0])) if prompts else "",
            turns=len(prompts),
        )
    except (StoreError, OSError, ValueError, KeyError, TypeError):
        return None


def _passage(path: Path, wanted: Sequence[str]) -> str:
    """The surroundings of the first place that has all words; empty when there is none."""
    try:
        for event in _events(path, (TURN, REPLY)):
            text = _text_of(event)
            folded = text.casefold()
            if wanted and all(word in folded for word in wanted):
                return _excerpt(text, folded.find(wanted[0]))
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return ""


def _events(path: Path, marks: Sequence[bytes]) -> Iterator[Mapping[str, Any]]:
    """The events of these kinds as plain JSON; all other lines cost a look only."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and any(mark in line for mark in marks):
                yield json.loads(line)["event"]


def _text_of(event: Mapping[str, Any]) -> str:
    if event["type"] == "turn_started":
        return str(event["prompt"]["text"])
    return "".join(part["text"] for part in event["reply"]["parts"] if part["kind"] == "text")


def _first_words(text: str) -> str:
    line = " ".join(text[: 4 * SHOWN_CHARS].split())
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 1]}…"


def _excerpt(text: str, place: int) -> str:
    start = max(0, place - SHOWN_CHARS // 2)
    return ("…" if start else "") + _first_words(text[start:])


def _instead(wanted: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    closest = get_close_matches(wanted, known, n=3, cutoff=0.6)
    return f"Did you mean {_some(closest)}?" if closest else "roost sessions --all lists them."


def _some(sessions: Sequence[str]) -> str:
    shown = ", ".join(sessions[:5])
    return shown if len(sessions) <= 5 else f"{shown}, …"
