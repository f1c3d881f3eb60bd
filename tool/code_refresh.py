"""Brings the code index up to date with the files: what changed since is read again, and nothing else.

    walk ──▶ stamps ── as known ──▶ nothing to do
                    └─ others ──▶ read ── same digest ──▶ the stamp is kept
                                       └─ cut into chunks ──▶ put, batch by batch

What is put is kept, so whoever is interrupted goes on from there.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event

from core.code import CodeIndex, FileChunks, FileState
from core.tools import ToolServices
from tool.code_chunks import names_in
from tool.code_cutting import Cut, Cutter, Wanted
from tool.code_worker import is_code
from tool.ignore import Walk

SETTLED_NANOSECONDS = 2_000_000_000
"""How long ago a file's last change has to be, so that the next one certainly bears another time."""
TOLD_SECONDS = 1.0


@dataclass(frozen=True)
class Refreshed:
    files: int
    """That the walk saw."""
    left: int = 0
    """Of them, those that are not up to date: time was over."""
    complete: bool = True
    """Whether the walk saw all that there are."""


@dataclass(frozen=True)
class Refresh:
    services: ToolServices
    index: CodeIndex
    stopped: Event
    """Set by whoever no longer waits: then it ends soon."""
    progress: Callable[[str], None]
    seconds: float = 120.0
    """After which the rest is left for another time."""

    def all_of(self, walk: Walk, wanted_first: str) -> Refreshed:
        """Every file that `walk` sees; those with a word of `wanted_first` in their path come first."""
        root, now = os.fspath(self.services.workspace.real_root), time.time_ns()
        self.progress("looking for changed files\n")
        seen = self._seen(walk.files(), len(root.rstrip("/")) + 1, now)
        start = walk.start.path[len(root.rstrip("/")) + 1 :]
        known = self.index.states()
        if walk.complete and not self.stopped.is_set():
            below = f"{start}/" if start else ""
            self.index.forget([path for path in known if path.startswith(below) and path not in seen])
        left = self._put(_changed(seen, known, wanted_first), seen)
        return Refreshed(len(seen), left, walk.complete)

    def one(self, path: str) -> Refreshed:
        """The file at a path relative to the root."""
        root = self.services.workspace.real_root
        seen = self._seen([os.fspath(root / path)], len(os.fspath(root).rstrip("/")) + 1, time.time_ns())
        known = self.index.states()
        self.index.forget([path] if path in known and path not in seen else [])
        return Refreshed(len(seen), self._put(_changed(seen, known, ""), seen))

    def _seen(self, files: Iterable[str], start: int, now: int) -> dict[str, tuple[str, int]]:
        """Stamp and size of each file that may be searched, by its path."""
        seen = dict[str, tuple[str, int]]()
        for file in files:
            if self.stopped.is_set():
                break
            if not _is_text(file) or self.services.hides(file):
                continue
            try:
                status = os.lstat(file)
            except OSError:
                continue
            seen[file[start:]] = (_stamp(status, now), status.st_size)
        return seen

    def _put(self, wanted: Sequence[Wanted], seen: Mapping[str, tuple[str, int]]) -> int:
        """How many of the `wanted` files are left."""
        end, told, left = time.monotonic() + self.seconds, 0.0, len(wanted)
        if not wanted:
            return 0
        with Cutter(os.fspath(self.services.workspace.real_root)) as cutter:
            for batch in cutter.cut(wanted):
                self._take(batch, seen)
                left -= len(batch)
                now = time.monotonic()
                if self.stopped.is_set() or now > end:
                    break
                if now - told > TOLD_SECONDS:
                    told = now
                    self.progress(f"{len(wanted) - left:,} of {len(wanted):,} changed files read\n")
        return left

    def _take(self, batch: Sequence[Cut], seen: Mapping[str, tuple[str, int]]) -> None:
        same, new = dict[str, FileState](), list[FileChunks]()
        for cut in batch:
            state = FileState(seen[cut.path][0], cut.digest)
            if cut.chunks is None:
                same[cut.path] = state
            else:
                new.append(self._masked(FileChunks(cut.path, state, cut.chunks, cut.uses)))
        if same:
            self.index.restamp(same)
        if new:
            self.index.put(new)

    def _masked(self, file: FileChunks) -> FileChunks:
        """What is a secret is not kept on the disk a second time."""
        if not (masking := self.services.masking):
            return file
        masked = masking.masked
        chunks = [replace(one, text=masked(one.text), name=masked(one.name)) for one in file.chunks]
        return replace(file, chunks=chunks, uses=names_in(masked(" ".join(file.uses))))


def _changed(
    seen: Mapping[str, tuple[str, int]], known: Mapping[str, FileState], wanted_first: str
) -> list[Wanted]:
    """What has to be read, in the order in which it is most likely of use."""
    found = [
        Wanted(path, known[path].digest if path in known else "", size)
        for path, (stamp, size) in seen.items()
        if path not in known or not stamp or known[path].stamp != stamp
    ]
    words = [word.lower() for word in re.findall(r"\w{3,}", wanted_first)]

    def order(each: Wanted) -> tuple[bool, bool, bool, bool]:
        """What may not have changed at all comes last: else it kept those off that are new, call by call."""
        state = known.get(each.path)
        is_asked_for = any(word in each.path.lower() for word in words)
        return (
            state is not None and not state.stamp,
            state is None,
            not is_asked_for,
            not is_code(each.path),
        )

    return sorted(found, key=order)


def _is_text(name: str) -> bool:
    """Whether it can be said to a model, who could ask for the file by it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stamp(status: os.stat_result, now: int) -> str:
    """Empty while the next change may bear the same times."""
    newest = max(status.st_mtime_ns, status.st_ctime_ns)
    if newest > now - SETTLED_NANOSECONDS:
        return ""
    return f"{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_size}.{status.st_ino}"
