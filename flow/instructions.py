"""The project's AGENTS.md files: at the head of the first user message, and later as notes.

repository's root ─► … ─► workspace      told at the head, the nearest last, and frozen there
                              └─► folders that are worked in, and files that changed: told as notes
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import field
from datetime import date
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from time import time_ns

from core.beneath import opened_below
from core.ledger import FileLedger
from core.marking import kept_apart
from core.profile import ModelProfile
from core.records import dataclass
from core.text import clip
from flow.prompts import prompt

FILE_NAME = "AGENTS.md"
SYSTEM = "Windows" if os.name == "nt" else sys.platform.capitalize()
SMALL_CHARS = {"tiny": 1_000, "small": 2_600}
"""By the size of the profile: about 300 and 800 tokens."""
CHARS_PER_WINDOW_TOKEN = 0.04 * 3
"""4 % of a larger window, at three characters a token."""
UNKNOWN_WINDOW_CHARS, MOST_CHARS = 4_000, 32_768
MOST_BYTES = 4 * MOST_CHARS


def instruction_chars(profile: ModelProfile) -> int:
    """How long all that is told of AGENTS.md files at once may be."""
    if profile.size in SMALL_CHARS:
        return SMALL_CHARS[profile.size]
    window = profile.window_tokens
    return min(int(window * CHARS_PER_WINDOW_TOKEN), MOST_CHARS) if window else UNKNOWN_WINDOW_CHARS


def session_head(workspace: Path, *, today: date, most_chars: int) -> str:
    """Where and when, then the instructions from the repository's root down to the workspace."""
    head = prompt("head", date=today.isoformat(), system=SYSTEM, workspace=str(workspace))
    files = [folder / FILE_NAME for folder in _down_to(workspace)]
    return "\n\n".join([head, *_texts([file for file in files if _change_time(file)], most_chars)])


@dataclass
class InstructionNotes:
    """News of the AGENTS.md files of folders that are worked in, and of those that changed."""

    workspace: Path
    """Its real path."""
    ledger: FileLedger
    """Knows the files that the model has seen."""
    most_chars: int
    told: list[str]
    """The head of the conversation, and the notes that were made since."""
    as_of: int
    """When this was told, in nanoseconds since the epoch."""
    name: str = "instructions"
    _changed: dict[Path, int] = field(default_factory=dict)
    """When the files were last changed, as far as the model was told."""
    _folders: list[Path] = field(default_factory=list)
    _seen_folders: int = 0

    def news(self, *, anew: bool) -> Sequence[str]:
        if anew:
            self.told = self.told[:1]
            self._changed.clear()
        if not self._folders or self._seen_folders != len(self.ledger.folders):
            self._find_folders()
        places = (folder / FILE_NAME for folder in self._folders)
        files = [file for file in places if self._is_news(file)]
        texts = zip(files, _texts(files, self.most_chars), strict=True)
        notes = [text for file, text in texts if not self._is_told(file, text)]
        self.told += notes
        return notes

    def _find_folders(self) -> None:
        """From the repository's root to the workspace, then down to the files that were seen."""
        self._seen_folders = len(self.ledger.folders)
        touched = {parent for folder in self.ledger.folders for parent in (folder, *folder.parents)}
        nested = (folder for folder in touched if self.workspace in folder.parents)
        self._folders = [*_down_to(self.workspace), *sorted(nested)]

    def _is_news(self, file: Path) -> bool:
        changed, known = _change_time(file), self._changed.get(file)
        if changed is None:
            return False
        self._changed[file] = changed
        if known is not None:
            return changed != known
        changed_since = self.as_of < changed <= time_ns()  # some archives bring files from the future
        return changed_since or not self._told_last(file)

    def _is_told(self, file: Path, text: str) -> bool:
        """Whether it stands in the newest of what was told of its file: some are only touched."""
        told, next_heading = self._told_last(file), prompt("instructions", path="\0", text="").split("\0")[0]
        return told.endswith(text) or f"{text}\n\n{next_heading}" in told

    def _told_last(self, file: Path) -> str:
        """The newest of what was told that tells of it."""
        heading = prompt("instructions", path=str(file), text="")
        return next((text for text in reversed(self.told) if heading in text), "")


def _texts(files: Sequence[Path], most_chars: int) -> list[str]:
    """Each file as the model is told of it; the nearest, which come last, get most of the room."""
    texts: list[str] = []
    for file in reversed(files):
        room = most_chars * 2 // 3 if len(texts) < len(files) - 1 else most_chars
        text = clip(kept_apart(_read(file)), room)
        most_chars -= len(text)
        texts.insert(0, prompt("instructions", path=str(file), text=text))
    return texts


def _down_to(workspace: Path) -> list[Path]:
    """From the repository's root to the workspace; outside of one the workspace alone."""
    folders = [workspace, *workspace.parents]
    roots = (place for place, folder in enumerate(folders) if (folder / ".git").exists())
    return folders[next(roots, 0) :: -1]


def _change_time(file: Path) -> int | None:
    """In nanoseconds; None where there is no file, or a link to what may be private."""
    try:
        found = file.lstat()
        if S_ISLNK(found.st_mode):
            if not _stays_within(file):
                return None
            found = file.stat()
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return None
    return found.st_mtime_ns if S_ISREG(found.st_mode) else None


def _stays_within(link: Path) -> bool:
    """Whether it leads to another Markdown file of the same repository: many link to CLAUDE.md."""
    real = link.resolve()
    return real.suffix == ".md" and real.is_relative_to(_down_to(link.parent)[0].resolve())


def _read(file: Path) -> str:
    try:
        real, top = file.resolve(), _down_to(file.parent)[0].resolve()
        if real != file and not _stays_within(file):
            return ""  # it has become a link since its time was looked at
        with opened_below(top, real.relative_to(top).as_posix()) as stream:
            return stream.read(MOST_BYTES).decode("utf-8", "replace")[:MOST_CHARS].strip()
    except (OSError, RuntimeError, ValueError) as error:
        return f"(It cannot be read: {getattr(error, 'strerror', None) or error}.)"
