"""Which files the model has seen, and in which state: what a write is checked against."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

KEPT_BYTES = 256 * 1024
"""Larger files are remembered by their digest alone, so that memory stays bounded."""


@dataclass(frozen=True)
class SeenFile:
    digest: str
    content: bytes | None


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


@dataclass
class FileLedger:
    """One per session, shared by the file tools."""

    folders: set[Path] = field(default_factory=set)
    """Where these files are."""
    _seen: dict[Path, SeenFile] = field(default_factory=dict)

    def saw(self, path: Path, content: bytes) -> str:
        """Remember what the model was shown or wrote; answers the digest."""
        digest = digest_of(content)
        self._keep(path, SeenFile(digest, content if len(content) <= KEPT_BYTES else None))
        return digest

    def restore(self, path: Path, digest: str) -> None:
        """Remember from a log, where only the digest was kept."""
        self._keep(path, SeenFile(digest, None))

    def last_seen(self, path: Path) -> SeenFile | None:
        return self._seen.get(path)

    def _keep(self, path: Path, seen: SeenFile) -> None:
        self._seen[path] = seen
        self.folders.add(path.parent)
