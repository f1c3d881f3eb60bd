"""What the user knows of the skills of a workspace: accepted texts, and how each fares. Kept outside of it.

<data>/skills/<workspace>/record.json     hashes, versions, counts, and what was compiled of each
                         /accepted/NAME.py the text that was accepted, to show what has changed since
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import StoreError
from core.records import dataclass
from core.values import encode, value
from store.locking import try_lock
from store.private import make_private_folder, private_descriptor, replace_private_file

FORMAT = 1
PATIENCE_SECONDS, LOOK_SECONDS = 10.0, 0.02


@value
class Entry:
    """One skill."""

    accepted: str = ""
    """SHA-256 of the text that a person accepted, in hex."""
    version: int = 0
    aside: str = ""
    """Why it may not be called although it is accepted; empty when it may."""
    calls: int = 0
    failures: int = 0
    failures_in_a_row: int = 0
    compiled: Mapping[str, Any] | None = None
    """What it came to, so that a start need not compile it."""


Entries = Mapping[str, Entry]


@dataclass(frozen=True)
class SkillRecord:
    folder: Path
    """Of the user's, for one workspace alone."""
    sleep: Callable[[float], None] = time.sleep

    def read(self) -> Entries:
        """Raises StoreError when it is damaged, or of a newer Roost."""
        try:
            text = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror}") from error
        try:
            found = json.loads(text)
            if found["format"] > FORMAT:
                raise self._unusable("was written by a newer Roost")
            return {name: _entry(fields) for name, fields in found["skills"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._unusable("is damaged") from error

    def change(self, act: Callable[[dict[str, Entry]], None]) -> Entries:
        """Let `act` change the entries, while no other process does. Raises StoreError."""
        with self._locked():
            entries = dict(self.read())
            act(entries)
            written = encode({"format": FORMAT, "skills": entries})
            try:
                replace_private_file(self._file, written.encode())
            except OSError as error:
                raise self._unusable(f"cannot be written: {error.strerror}") from error
            return entries

    def update(self, name: str, **fields: Any) -> Entries:
        def act(entries: dict[str, Entry]) -> None:
            entries[name] = replace(entries.get(name, Entry()), **fields)

        return self.change(act)

    def forget(self, name: str) -> None:
        def act(entries: dict[str, Entry]) -> None:
            entries.pop(name, None)

        self.change(act)

    def accepted_text(self, name: str) -> str:
        """The text that was accepted last; empty when it is not known."""
        with suppress(OSError):
            return (self.folder / "accepted" / f"{name}.py").read_text(encoding="utf-8")
        return ""

    def keep_text(self, name: str, text: str) -> None:
        """Raises StoreError."""
        try:
            make_private_folder(self.folder / "accepted")
            replace_private_file(self.folder / "accepted" / f"{name}.py", text.encode())
        except OSError as error:
            raise self._unusable(f"cannot be written: {error.strerror}") from error

    @property
    def _file(self) -> Path:
        return self.folder / "record.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            make_private_folder(self.folder)
            descriptor = private_descriptor(self.folder / "record.lock", os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise self._unusable(f"cannot be locked: {error.strerror}") from error
        try:
            waited = 0.0
            while not try_lock(descriptor):
                if waited >= PATIENCE_SECONDS:
                    raise self._unusable("has been held by another process for a while")
                self.sleep(LOOK_SECONDS)
                waited += LOOK_SECONDS
            yield
        finally:
            os.close(descriptor)

    def _unusable(self, problem: str) -> StoreError:
        hint = "Move it away to start anew: every skill is then accepted again with roost skills accept."
        return StoreError(f"The record of skills {str(self._file)!r} {problem}.", hint=hint)


def _entry(fields: Mapping[str, Any]) -> Entry:
    known = {name: fields[name] for name in Entry.__dataclass_fields__ if name in fields}
    entry = Entry(**known)
    kinds = (
        *((entry.accepted, str), (entry.aside, str), (entry.version, int), (entry.calls, int)),
        *((entry.failures, int), (entry.failures_in_a_row, int), (entry.compiled, dict | None)),
    )
    if not all(isinstance(found, kind) for found, kind in kinds):
        raise TypeError(fields)
    return entry
