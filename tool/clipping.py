"""What the model gets of a long text, and where the rest is."""

import os
import tempfile
from pathlib import Path

from core.protocols import ToolServices
from core.workspace import make_artifacts

NOTE_CHARS = 160


def clipped(text: str, services: ToolServices, *, suffix: str = ".txt") -> str:
    """`text`, or its first lines and the name of the file that holds all of it."""
    most = services.profile.output_chars
    if len(text) <= most:
        return text
    path = services.workspace.name_of(_kept(text, services.artifacts, suffix))
    room = max(most - NOTE_CHARS, most // 2)
    end = text.rfind("\n", room // 2, room)
    shown = text[: end if end > 0 else room]
    line = shown.count("\n") + (2 if end > 0 else 1)
    left = len(text) - len(shown)
    return f"{shown}\n({left:,} more characters: all of it is in {path}, go on at its line {line})"


def _kept(text: str, folder: Path, suffix: str) -> Path:
    descriptor, name = tempfile.mkstemp(prefix="text-", suffix=suffix, dir=make_artifacts(folder))
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return Path(name).resolve()
