"""The files of skills in a workspace: `NAME.py`, and every earlier version below `older/`.

Whoever wrote a repository may have put links and worse in their places, so nothing is followed; and what is
found there is only ever text, until a person has accepted it.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from core.beneath import Held, hold
from core.errors import StoreError
from core.records import dataclass
from core.values import value

NAME = re.compile(r"([a-z][a-z0-9_]{0,39})\.py")
OLDER, MOST_FILES = "older", 1_000
MOST_BYTES = 240_000


@value
class SkillFile:
    name: str
    text: str
    digest: str
    """SHA-256 of its bytes, in hex."""


@dataclass(frozen=True)
class SkillFiles:
    root: Path
    """The workspace, as a real path."""
    folder: str
    """Its name below the root."""

    def all(self) -> list[SkillFile]:
        """Those that can be read, by name. A folder that is none has none."""
        with suppress(OSError), hold(self.root, self.folder) as held:
            with held.scan() as entries:
                names = sorted(match[1] for entry in entries if (match := NAME.fullmatch(entry.name)))
            return [file for name in names[:MOST_FILES] if (file := _read(held, name))]
        return []

    def one(self, name: str) -> SkillFile | None:
        with suppress(OSError), hold(self.root, self.folder) as held:
            return _read(held, name)
        return None

    def put(self, name: str, text: str, version: int) -> SkillFile:
        """Write a version; the one before it is kept beside it. Raises StoreError."""
        content = text.encode()
        try:
            with hold(self.root, self.folder, make=True) as held:
                if (before := _read(held, name)) and before.text != text:
                    self._keep_older(before, version - 1)
                held.replace(f"{name}.py", content)
        except OSError as error:
            raise self._unusable(name, error) from error
        return SkillFile(name=name, text=text, digest=sha256(content).hexdigest())

    def remove(self, name: str, version: int) -> None:
        """Its last version is kept with the older ones. Raises StoreError."""
        try:
            with hold(self.root, self.folder) as held:
                if before := _read(held, name):
                    self._keep_older(before, version)
                held.remove(f"{name}.py")
        except OSError as error:
            raise self._unusable(name, error) from error

    def older(self, name: str) -> list[str]:
        """The names of its earlier versions, relative to the workspace, the newest last."""
        return [f"{self.folder}/{OLDER}/{name}.{number}.py" for number in self._numbers(name)]

    def _keep_older(self, file: SkillFile, version: int) -> None:
        with hold(self.root, f"{self.folder}/{OLDER}", make=True) as held:
            number = max([version, *(1 + number for number in self._numbers(file.name))])
            held.replace(f"{file.name}.{number}.py", file.text.encode())

    def _numbers(self, name: str) -> Iterator[int]:
        found: list[int] = []
        with suppress(OSError), hold(self.root, f"{self.folder}/{OLDER}") as held, held.scan() as entries:
            matches = (re.fullmatch(rf"{re.escape(name)}\.(\d{{1,9}})\.py", entry.name) for entry in entries)
            found = [int(match[1]) for match in matches if match]
        return iter(sorted(found))

    def _unusable(self, name: str, error: OSError) -> StoreError:
        said = f"{self.folder}/{name}.py cannot be written: {error.strerror or error}."
        return StoreError(said, hint="Look at it and at its folder: rights, links, room on the disk.")


def _read(held: Held, name: str) -> SkillFile | None:
    """None for what is missing, too large, no text, or no file at all."""
    with suppress(OSError, UnicodeDecodeError), held.read(f"{name}.py") as file:
        content = file.read(MOST_BYTES + 1)
        if len(content) <= MOST_BYTES:
            return SkillFile(name=name, text=content.decode(), digest=sha256(content).hexdigest())
    return None
