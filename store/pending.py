"""The call that runs now, written down with what was there before it: read when Roost was killed meanwhile.

pending/<session>.json         its id, the paths it names, and what was at them
pending/<session>.look.json    what was in the whole workspace, for a call that may change anything
"""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.file_states import FileState
from store.looking import Look, Seen
from store.objects import KEPT_SECONDS
from store.private import make_private_folder, replace_private_file


@dataclass(frozen=True)
class Pending:
    """A call that has begun."""

    call_id: str
    before: Look
    paths: tuple[str, ...] | None = None
    """Those that it names; None: it may change anything."""


@dataclass
class PendingFile:
    folder: Path
    session: str
    _whole: Look | None = field(default=None, init=False)
    """The look that is on the disk."""

    def write(self, pending: Pending) -> None:
        """Raises OSError."""
        if pending.paths is None and pending.before != self._whole:
            self._replace(".look.json", _plain(pending.before))
            self._whole = pending.before
        before = None if pending.paths is None else _plain(pending.before)
        fields = {"call_id": pending.call_id, "paths": pending.paths, "before": before}
        self._replace(".json", fields)

    def read(self) -> Pending | None:
        """None when there is none, or it was not written by this version of Roost."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            fields = json.loads(self._path(".json").read_bytes())
            if fields["paths"] is not None:
                return Pending(fields["call_id"], _look(fields["before"]), tuple(fields["paths"]))
            return Pending(fields["call_id"], _look(json.loads(self._path(".look.json").read_bytes())))
        return None

    def settle(self) -> None:
        """The call has ended, and what it changed is known."""
        with suppress(OSError):
            self._path(".json").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Throw away those of sessions that were left for a month."""
        with suppress(OSError):
            for path in self.folder.iterdir():
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                        path.unlink()

    def remove(self) -> None:
        self.settle()
        with suppress(OSError):
            self._path(".look.json").unlink(missing_ok=True)

    def _path(self, suffix: str) -> Path:
        return self.folder / f"{self.session}{suffix}"

    def _replace(self, suffix: str, fields: object) -> None:
        make_private_folder(self.folder)
        replace_private_file(self._path(suffix), json.dumps(fields).encode("ascii"))


def _plain(look: Look) -> Mapping[str, object]:
    files = {
        path: [*vars(seen.state).values(), seen.signature, seen.settled, seen.blob]
        for path, seen in look.files.items()
    }
    folders = {path: sorted(names) for path, names in look.folders.items()}
    return {"files": files, "folders": folders, "missing": sorted(look.missing)}


def _look(fields: Any) -> Look:
    files = {path: _seen(*row) for path, row in fields["files"].items()}
    folders = {path: frozenset(names) for path, names in fields["folders"].items()}
    return Look(files, folders, set(fields["missing"]))


def _seen(kind: Any, mode: int, size: int, digest: str, *rest: Any) -> Seen:
    signature, settled, blob = rest
    return Seen(FileState(kind=kind, mode=mode, size=size, digest=digest), tuple(signature), settled, blob)
