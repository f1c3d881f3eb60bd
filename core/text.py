"""Texts made shorter, and names made printable, for whoever has to read them."""

import re

LINE_CHARS = 500
"""The longest line of a file that is shown whole."""
NOTE_CHARS = 32

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, what turns the reading direction, and bytes of a name that are not UTF-8."""


def clip(text: str, most_chars: int) -> str:
    """`text`, or its beginning and its end with the number of characters left out between them."""
    if len(text) <= most_chars:
        return text
    kept = max(0, most_chars - NOTE_CHARS)
    head = kept * 2 // 3
    note = f"[... {len(text) - kept:,} characters ...]"
    return f"{text[:head]}{note}{text[len(text) - kept + head :]}"[:most_chars]


def clip_line(line: str, most_chars: int = LINE_CHARS) -> str:
    """`line`, or its beginning and how much longer it is."""
    left = len(line) - most_chars
    return line if left <= 0 else f"{line[:most_chars]}[... {left:,} characters]"


def clip_around(line: str, start: int, end: int, most_chars: int = LINE_CHARS) -> str:
    """`line`, or the part of it around `line[start:end]`."""
    if len(line) <= most_chars:
        return line
    first = max(0, min(start - (most_chars - (end - start)) // 2, start, len(line) - most_chars))
    last = first + most_chars
    return f"{'...' if first else ''}{line[first:last]}{'...' if last < len(line) else ''}"


def printable(name: str) -> str:
    """`name` in one line that can be shown and encoded; what cannot is escaped."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], name)


def quoted(text: str, most_chars: int = 200) -> str:
    """`text` as a message quotes it."""
    return repr(clip(text, most_chars))
