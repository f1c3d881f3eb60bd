"""One session, one file: a header line, then one record a line, only ever appended.

    {"format":1,"session":"20261121-031207-7f3a","created":…,"system":…,"tools":[…],…}
    {"session":"20261121-031207-7f3a","seq":1,"at":…,"event":{"type":"turn_started",…}}
    {"session":"20261121-031207-7f3a","seq":2,…

Line `seq + 1` of the file holds record `seq`. A last line without its newline was being
written when the process died: readers pass over it, and opening the log cuts it off.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from core.errors import StoreError
from core.events import Event, Record
from core.profile import ModelProfile
from core.records import dataclass
from core.tools import ToolSpec
from core.values import Clock, decode, encode, utc_now, value
from store.locking import try_lock
from store.private import make_private_folder, private_descriptor

FORMAT = 1

APPENDING = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)


@value
class SessionHeader:
    """What a session was begun with and is resumed with: the frozen head of every request."""

    format: int = FORMAT
    session: str
    created: datetime
    root: str
    """Real path of the workspace."""
    model: str
    system: str
    tools: tuple[ToolSpec, ...]
    profile: ModelProfile
    thinking: Literal["never", "always"]
    """Whether the model's thinking is sent back to it."""


@dataclass
class SessionLog:
    """The log of one session, held for appending by this process alone.

    `create` makes the file with the first event, so that a session in which nothing happened
    leaves none. `open` takes up an old one.
    """

    path: Path
    header: SessionHeader
    clock: Clock = utc_now
    seq: int = 0
    """Of the newest record."""
    torn: bool = False
    """Whether opening it found, and cut off, a last line that had not been written to its end."""
    _descriptor: int | None = None
    _folder_synced: bool = True
    """Whether the folder's entry for the file is known to be on the disk."""

    @classmethod
    def create(cls, path: Path, header: SessionHeader, clock: Clock = utc_now) -> Self:
        return cls(path, header, clock, _folder_synced=False)

    @classmethod
    def open(cls, path: Path, clock: Clock = utc_now) -> Self:
        """Take up the log at `path`.

        Raises:
            StoreError: it cannot be written, its header cannot be read, or another process has it.
        """
        log = cls(path, read_header(path), clock)
        log._descriptor = _opened(path, APPENDING, log.session)
        whole, lines = _whole_lines(path)
        log.torn = whole < path.stat().st_size
        if log.torn:
            os.ftruncate(log._descriptor, whole)
        log.seq = lines - 1
        return log

    @property
    def session(self) -> str:
        return self.header.session

    def append(self, event: Event) -> Record:
        at = self.clock()
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)  # as it will be read back
        record = Record(session=self.session, seq=self.seq + 1, at=at, event=event)
        line = _line(record)
        if self.seq == 0 and self._descriptor is None:
            self._begin(line)
        else:
            self._write(line)
        self.seq += 1
        return record

    def sync(self) -> None:
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
            if not self._folder_synced:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise _refused(self.path, error) from error
        self._folder_synced = True

    def records(self, after: int = 0) -> Iterator[Record]:
        return read_records(self.path, after) if self.seq else iter(())

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _begin(self, line: bytes) -> None:
        """Make the file, with its header and its first record; no file at all if that fails."""
        try:
            make_private_folder(self.path.parent)
            self._descriptor = _opened(self.path, APPENDING | os.O_CREAT | os.O_EXCL, self.session)
            self._write(_line(self.header) + line)
        except OSError as error:
            raise _refused(self.path, error) from error
        except StoreError:
            if self._descriptor is not None:
                self.close()
                self.path.unlink()
            raise

    def _write(self, line: bytes) -> None:
        """All of `line`, or nothing of it."""
        if self._descriptor is None:
            raise StoreError(f"The log of session {self.session!r} is closed.", hint="Open it again.")
        length = os.fstat(self._descriptor).st_size
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, length)
            raise _refused(self.path, error) from error


def read_header(path: Path) -> SessionHeader:
    """Of any session, also one that another process writes.

    Raises:
        StoreError: there is no such file, a newer Roost wrote it, or it begins with no header.
    """
    line = first_line(path)
    check_format(path, line)
    try:
        return decode(SessionHeader, line)
    except ValueError as error:
        raise _damaged(path, 1, "header") from error


def check_format(path: Path, line: bytes) -> dict[str, Any]:
    """The fields of a header, of which only the format has been looked at: that costs little.

    Raises:
        StoreError: a newer Roost wrote it, or it is no header.
    """
    if not line.endswith(b"\n"):
        raise _damaged(path, 1, "header")
    try:
        fields: dict[str, Any] = json.loads(line)
        written = int(fields["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, 1, "header") from error
    if written > FORMAT:
        raise StoreError(
            f"{str(path)!r} has format {written}, and this Roost reads formats up to {FORMAT}.",
            hint="Update Roost, or start a new session.",
        )
    return fields


def first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline()
    except OSError as error:
        raise _refused(path, error) from error


def read_records(path: Path, after: int = 0) -> Iterator[Record]:
    """The records with a `seq` above `after`, read as they are asked for.

    Raises:
        StoreError: naming the line that is no record, or out of its place.
    """
    check_format(path, first_line(path))
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            if number <= after + 1:
                continue
            try:
                record = decode(Record, line)
            except ValueError as error:
                raise _damaged(path, number, "record") from error
            if record.seq != number - 1:
                raise _damaged(path, number, f"record {number - 1}")
            yield record


def _line(item: object) -> bytes:
    """A file's name can hold half a character, which has no UTF-8 form."""
    return encode(item).encode("utf-8", "replace") + b"\n"


def _opened(path: Path, flags: int, session: str) -> int:
    """A descriptor that no other process has for appending."""
    try:
        descriptor = private_descriptor(path, flags)
    except OSError as error:
        raise _refused(path, error) from error
    if not try_lock(descriptor):
        os.close(descriptor)
        raise StoreError(
            f"Session {session!r} is in use by another process.",
            hint=f"Read it with `roost sessions show {session}`, or start a new one.",
        )
    return descriptor


def _whole_lines(path: Path) -> tuple[int, int]:
    """How many bytes of the file are whole lines, and how many lines that is."""
    whole = lines = 0
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                whole += len(line)
                lines += 1
    return whole, lines


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # folders cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(path: Path, line: int, expected: str) -> StoreError:
    return StoreError(
        f"Line {line} of {str(path)!r} is no {expected} of a session.",
        hint="Mend that line by hand, or start a new session.",
    )


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The session log {str(path)!r} cannot be used: {error.strerror}.",
        hint="Make room, give yourself the right to write there, or name a folder in AGENT_DATA_DIR.",
    )
