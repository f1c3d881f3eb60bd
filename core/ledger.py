"""Which files the model has seen, and in which state: what a write is checked against."""

from collections.abc import Mapping
from dataclasses import field, replace
from hashlib import sha256
from pathlib import Path

from core.records import dataclass

KEPT_BYTES = 256 * 1024
"""Larger files are remembered by their digest alone, so that memory stays bounded."""


@dataclass(frozen=True)
class SeenFile:
    digest: str
    content: bytes | None
    changed: bool = False
    """Whether the model wrote it, at any time in this session."""


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


@dataclass
class FileLedger:
    """One per session, shared by the file tools."""

    folders: set[Path] = field(default_factory=set)
    """Where these files are."""
    _seen: dict[Path, SeenFile] = field(default_factory=dict)

    def saw(self, path: Path, content: bytes, *, changed: bool = False) -> str:
        """Remember what the model was shown, or has changed; answers the digest."""
        digest = digest_of(content)
        self._keep(path, SeenFile(digest, content if len(content) <= KEPT_BYTES else None, changed))
        return digest

    def restore(self, path: Path, digest: str, *, changed: bool = False) -> None:
        """Remember by the digest alone: from a log, or for a file that is too large to be read whole."""
        self._keep(path, SeenFile(digest, None, changed))

    def forget(self) -> None:
        self._seen.clear()
        self.folders.clear()

    def files(self) -> Mapping[Path, SeenFile]:
        """All of them, the one that was touched last at the end."""
        return self._seen

    def last_seen(self, path: Path) -> SeenFile | None:
        return self._seen.get(path)

    def _keep(self, path: Path, seen: SeenFile) -> None:
        before = self._seen.pop(path, None)
        self._seen[path] = replace(seen, changed=True) if before and before.changed else seen
        self.folders.add(path.parent)
