"""The files of a workspace that are to be seen, for completion: found in a thread."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.tools import ToolServices


@dataclass
class WorkspacePaths:
    services: ToolServices
    _known: Sequence[str] | None = None
    _looking: "asyncio.Task[None] | None" = None

    async def __call__(self) -> Sequence[str]:
        """What the look before found, while another one is taken; only the first has to be waited for."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        if self._known is None:
            await asyncio.shield(self._looking)
        return self._known or ()

    async def _look(self) -> None:
        self._known = await asyncio.to_thread(seen_paths, self.services)


def seen_paths(services: ToolServices) -> Sequence[str]:
    """What .gitignore does not hide, relative to the workspace; names that cannot be shown are left out."""
    from tool.ignore import Folder, Walk

    root: Path = services.workspace.real_root
    start = Folder.at(root, services.workspace, services.artifacts.resolve())
    cut = len(str(root).rstrip("/")) + 1
    return [path[cut:] for path in Walk(start).files() if path.isprintable()]
