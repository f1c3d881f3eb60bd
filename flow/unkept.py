"""In the place of checkpoints, where nobody will want to take anything back: an exam, a plain program."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from core.checkpoints import Restored, Tell
from core.file_states import FileState, PathChange
from core.messages import ToolCall


class NoCheckpoints:
    @asynccontextmanager
    async def around(
        self, call: ToolCall, arguments: Mapping[str, object], tell: Tell
    ) -> AsyncIterator[None]:
        yield

    def states(self, paths: Sequence[str]) -> Sequence[FileState | None]:
        return [None for _ in paths]

    def content(self, state: FileState) -> bytes | None:
        return None

    def restore(self, changes: Sequence[PathChange]) -> Restored:
        return Restored(kept=tuple(f"{change.path}: nothing is kept here" for change in changes))
