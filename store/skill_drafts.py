"""Drafts of skills that are folders: `NAME/DRAFT.md`, which becomes `NAME/SKILL.md` when it is accepted."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.beneath import hold, opened_below
from core.errors import StoreError

DRAFT, SKILL = "DRAFT.md", "SKILL.md"
MOST_BYTES = 400_000


@dataclass(frozen=True)
class SkillDrafts:
    root: Path
    """The workspace, as a real path."""
    folder: str
    """Where skills are kept below it."""

    def names(self) -> list[str]:
        """Of those that are not accepted yet."""
        with suppress(OSError), hold(self.root, self.folder) as held, held.scan() as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            return [name for name in folders if self.text(name) is not None]
        return []

    def text(self, name: str) -> str | None:
        """Of a draft; None when there is none that can be read."""
        place = f"{self.folder}/{name}/{DRAFT}"
        with suppress(OSError, UnicodeDecodeError), opened_below(self.root, place) as file:
            return file.read(MOST_BYTES).decode()
        return None

    def put(self, name: str, text: str) -> str | None:
        """Where it stands now; None, and nothing is written, when there is such a folder already."""
        try:
            with hold(self.root, self.folder, make=True) as held:
                if held.has(name):
                    return None
            with hold(self.root, f"{self.folder}/{name}", make=True) as held:
                held.replace(DRAFT, text.encode())
        except OSError as error:
            raise self._unusable(name, error) from error
        return f"{self.folder}/{name}/{DRAFT}"

    def accept(self, name: str, text: str) -> str:
        """Makes this very text a skill, and answers where it stands. Raises StoreError."""
        try:
            with hold(self.root, f"{self.folder}/{name}") as held:
                held.replace(SKILL, text.encode())
                held.remove(DRAFT)
        except OSError as error:
            raise self._unusable(name, error) from error
        return f"{self.folder}/{name}/{SKILL}"

    def _unusable(self, name: str, error: OSError) -> StoreError:
        said = f"{self.folder}/{name} cannot be written: {error.strerror or error}."
        return StoreError(said, hint="Look at it and at its folder: rights, links, room on the disk.")
