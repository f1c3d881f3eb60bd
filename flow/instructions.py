"""What the first user message begins with: date, folder, and the project's AGENTS.md files."""

import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from core.text import clip
from flow.prompts import prompt

FILE_NAME = "AGENTS.md"
MOST_CHARS = 12_000
SYSTEM = "Windows" if os.name == "nt" else sys.platform.capitalize()


def session_head(workspace: Path, *, today: date, most_chars: int = MOST_CHARS) -> str:
    """Where and when, then the instructions from the repository's root down to the workspace."""
    head = prompt("head", date=today.isoformat(), system=SYSTEM, workspace=str(workspace))
    files = list(_instruction_files(workspace))
    texts = [
        prompt("instructions", path=str(file), text=clip(_read(file), most_chars // len(files)))
        for file in files
    ]
    return "\n\n".join([head, *texts])


def _instruction_files(workspace: Path) -> Iterator[Path]:
    """Root first, so that the nearest file has the last word."""
    for folder in reversed(_up_to_repository(workspace)):
        file = folder / FILE_NAME
        if file.is_file():
            yield file


def _up_to_repository(workspace: Path) -> list[Path]:
    """The workspace and its parents up to the repository's root; the workspace alone outside of one."""
    folders = [workspace, *workspace.parents]
    for place, folder in enumerate(folders):
        if (folder / ".git").exists():
            return folders[: place + 1]
    return [workspace]


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as stream:
        return stream.read(MOST_CHARS * 4).strip()
