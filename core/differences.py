"""What changed from one text to another, as lines for people and models."""

import re
from difflib import unified_diff
from itertools import islice

from core.text import clip_line

MOST_COMPARED_LINES = 4_000
MOST_DIFF_LINES = 400
NO_LINE_END = "\\ No newline at end of file"


def difference(before: str, after: str, *, most_lines: int = MOST_DIFF_LINES) -> str:
    """Unified diff without its header lines; long ones are cut, and texts too long to compare are counted."""
    old, new, first = _changed_part(_lines(before), _lines(after))
    if len(old) + len(new) > MOST_COMPARED_LINES:
        return f"@@ {len(old):,} lines from {first + 1} on replaced by {len(new):,} @@"
    lines = [
        _moved(line, first) if line.startswith("@@") else clip_line(line)
        for line in islice(unified_diff(old, new, lineterm=""), 2, None)
    ]
    left = len(lines) - most_lines
    return "\n".join(lines[:most_lines] + ([f"... {left:,} more lines of difference"] if left > 0 else []))


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, last, NO_LINE_END] if last else lines


def _changed_part(old: list[str], new: list[str]) -> tuple[list[str], list[str], int]:
    """Both without what they begin and end with in common but for three lines, and where they begin."""
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    last = next((at for at in range(most - first) if old[-1 - at] != new[-1 - at]), most - first)
    first, last = max(0, first - 3), max(0, last - 3)
    return old[first : len(old) - last], new[first : len(new) - last], first


def _moved(header: str, lines: int) -> str:
    return re.sub(r"(?<=[-+])\d+", lambda found: str(int(found[0]) + lines), header)
