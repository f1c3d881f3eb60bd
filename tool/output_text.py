"""A command's output as a model can read it: no control characters, and no longer than there is room."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from core.artifacts import opened_artifact

HEAD_SHARE = 0.3
"""Of the room; a failing command says why at its end."""
ERROR_SHARE = 0.2
MOST_READ_BYTES = 1_000_000
"""Of a long output in a file, searched for lines that look like errors."""
MARKER_CHARS = 160
"""Room for the lines that say what was left out."""

CONTROL_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
ERROR_LINE = re.compile(
    r"(?<!\b0 )(?:error|exception|traceback|\bfail(?:ed|ure|s)?\b|\bfatal\b|\bpanic|segmentation fault)",
    re.IGNORECASE,
)


def without_controls(text: str) -> str:
    return CONTROL_SEQUENCE.sub("", text)


def plain(text: str) -> str:
    """What stands on the screen in the end: a line that was written over is there once."""
    text = without_controls(text.replace("\r\n", "\n"))
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def fitted(text: str, room: int, *, tail: str = "", unread_chars: int = 0) -> str:
    """`text` and `tail` in `room` characters: first and last lines, and what looks like an error.

    `unread_chars` lie between the two, and are in neither.
    """
    if not unread_chars:
        text += tail
    lines = [shortened(line, room // 4) for line in plain(text).rstrip("\n").split("\n")]
    gap = len(lines) if unread_chars else None
    if unread_chars:
        lines += [shortened(line, room // 4) for line in plain(tail).rstrip("\n").split("\n")]
    total = sum(len(line) + 1 for line in lines) + unread_chars
    if total <= room + 1 and gap is None:
        return "\n".join(lines)
    space = max(0, room - MARKER_CHARS)
    first, last = _ends(lines, space, gap)
    errors: list[str] = []
    if any(map(ERROR_LINE.search, lines[first:last])):
        error_space = int(space * ERROR_SHARE)
        first, last = _ends(lines, space - error_space, gap)
        found = dict.fromkeys(shortened(line, 300) for line in lines[first:last] if ERROR_LINE.search(line))
        errors = list(found)[: _fitting(found, error_space)]
    shown = [*lines[:first], *errors, *lines[last:]]
    left_out = total - sum(len(line) + 1 for line in shown)
    marker = f"[… {left_out:,} characters left out"
    between = [f"{marker}; of these lines:]", *errors, "[…]"] if errors else [f"{marker} …]"]
    return "\n".join([*lines[:first], *between, *lines[last:]])


class Captured(Protocol):
    """An output of which head and tail are at hand, and all of it in a file when it is long."""

    @property
    def head(self) -> str: ...
    @property
    def tail(self) -> str: ...
    @property
    def dropped_chars(self) -> int: ...
    @property
    def spilled(self) -> Path | None: ...


async def shown(output: Captured, room: int) -> str:
    """What of an output fits; the file is read for what looks like an error."""
    head, tail, unread_chars = output.head, output.tail, output.dropped_chars
    if output.spilled is None:
        return fitted(head, room, tail=tail, unread_chars=unread_chars)
    try:
        text, whole = await asyncio.to_thread(_beginning, output.spilled)
    except OSError:  # whatever ran may have taken the file away again
        return fitted(head, room, tail=tail, unread_chars=unread_chars)
    total = len(head) + unread_chars + len(tail)
    tail = "" if whole else tail
    return fitted(text, room, tail=tail, unread_chars=max(0, total - len(text) - len(tail)))


def _beginning(path: Path) -> tuple[str, bool]:
    """The first part of a long output, and whether that is all of it."""
    with opened_artifact(path) as file:
        text = file.read(MOST_READ_BYTES).decode("utf-8", "replace")
        return text, not file.read(1)


def shortened(line: str, most: int) -> str:
    """Head and tail of a line that is longer than `most`."""
    most = max(most, 120)
    if len(line) <= most:
        return line
    kept = most - 40
    head = kept * 2 // 3
    return f"{line[:head]} [… {len(line) - kept:,} characters …] {line[head - kept :]}"


def _ends(lines: Sequence[str], space: int, gap: int | None) -> tuple[int, int]:
    """Where the head ends and where the tail begins; neither reaches over the gap."""
    first = _fitting(lines[:gap], int(space * HEAD_SHARE))
    last = len(lines) - _fitting(reversed(lines[gap or first :]), int(space * (1 - HEAD_SHARE)))
    return first, last


def _fitting(lines: Iterable[str], space: int) -> int:
    """How many of `lines`, from the first, fit."""
    count = 0
    for line in lines:
        space -= len(line) + 1
        if space < 0:
            break
        count += 1
    return count
