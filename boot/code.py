"""The index of a workspace's code: opened when a tool first asks for it, closed with the session."""

import asyncio
from dataclasses import field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from core.records import dataclass

if TYPE_CHECKING:
    from core.code import CodeIndex
    from store.code_index import CodeIndexFile


@dataclass
class SessionCode:
    folder: Path
    """Of the user's cache."""
    workspace: Path
    _opened: "CodeIndexFile | None" = None
    _turns: Lock = field(default_factory=Lock)

    def index(self) -> "CodeIndex":
        """Reads the disk. Raises StoreError when there can be none."""
        from core.arrays import load_numpy

        load_numpy()
        from gate.embedding.hashed import HashedEmbedder
        from store.code_index import CodeIndexFile, name_for

        with self._turns:
            if self._opened is None:
                path = self.folder / name_for(self.workspace)
                self._opened = CodeIndexFile.open(path, HashedEmbedder())
            return self._opened

    async def aclose(self) -> None:
        """A search that was given up may still be at its last files: it is waited for."""
        if self._opened is not None:
            await asyncio.to_thread(self._opened.close)
