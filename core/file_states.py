"""What was at a path before and after, as events tell it."""

import re
from typing import Literal

from core.values import value

Kind = Literal["file", "link", "folder"]

UNWRITTEN = re.compile("[\\\\\x00-\x1f\x7f\udc80-\udcff]")
LONE = 0xDC00
"""Python has a byte that is no UTF-8 as half a character, so much above it."""
ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2})")


@value
class FileState:
    """What is at a path. Equal ones have the same bytes and rights, if they are known."""

    kind: Kind
    mode: int = 0
    """The rights of a file or a folder (0o755); 0 for a link."""
    size: int = 0
    digest: str = ""
    """SHA-256, in hex, of a file's bytes or a link's target; empty for a folder and for what was not read."""

    @property
    def is_known(self) -> bool:
        return self.kind == "folder" or bool(self.digest)


def is_same(one: FileState | None, other: FileState | None) -> bool:
    """Whether the same is there for certain."""
    return one == other and (one is None or one.is_known)


@value
class PathChange:
    path: str
    """Relative to the workspace, with forward slashes; see `written_name`."""
    before: FileState | None = None
    """None: there was nothing."""
    after: FileState | None = None

    @property
    def mark(self) -> str:
        """`+` for what is new, `-` for what is gone, `~` for what changed."""
        return "+" if self.before is None else "-" if self.after is None else "~"


def written_name(name: str) -> str:
    r"""A path as JSON and a line can hold it: `\xff` is no UTF-8, `\x0a` a line end, `\\` a backslash."""
    return UNWRITTEN.sub(_escaped, name)


def name_written(text: str) -> str:
    """The path that `written_name` wrote."""
    return ESCAPED.sub(_unescaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\\\\" if found[0] == "\\" else f"\\x{code - LONE if code >= LONE else code:02x}"


def _unescaped(found: re.Match[str]) -> str:
    if found[1] == "\\":
        return "\\"
    code = int(found[1][1:], 16)
    return chr(LONE + code if code >= 0x80 else code)
