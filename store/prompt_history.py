"""What a person typed in earlier chats: a private file, one JSON text a line, the newest last."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from store.private import appended, make_private_folder, replace_private_file

MOST_KEPT = 1_000
MOST_CHARS = 20_000
"""Of one text; a longer one is not kept."""


@dataclass(frozen=True)
class PromptHistory:
    path: Path
    masked: Callable[[str], str] = str
    """Takes secrets out of what is kept."""

    def texts(self) -> Sequence[str]:
        """The oldest first. A file that grew far beyond what is kept is written anew."""
        with suppress(OSError):
            lines = self.path.read_bytes().splitlines(keepends=True)
            if len(lines) > 2 * MOST_KEPT:
                replace_private_file(self.path, b"".join(lines[-MOST_KEPT:]))
            return [*_readable(lines[-MOST_KEPT:])]
        return []

    def add(self, text: str) -> None:
        """One that cannot be written is forgotten: a chat does not end for it."""
        if len(text) > MOST_CHARS:
            return
        with suppress(OSError):
            make_private_folder(self.path.parent)
            with appended(self.path) as file:
                file.write(json.dumps(self.masked(text)) + "\n")


def _readable(lines: Sequence[bytes]) -> Iterator[str]:
    for line in lines:
        with suppress(ValueError):
            if isinstance(text := json.loads(line), str):
                yield text
