"""Tool calls that models write as text: one table of families, one scanner per kind of body.

text ─▶ Scanner ─▶ what may be shown, thoughts, calls        `parse` is the same in one go
tools, history ─▶ rendering ─▶ text                          for models that know no tools

Scanners are imported when they are first needed: not before the first request of a session.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.tools import ToolSpec

if TYPE_CHECKING:
    from gate.dialects.scanner import Parsed, Scanner

__all__ = ["Parsed", "Scanner", "parse"]


def parse(text: str, tools: Sequence[ToolSpec], family: str | None = None) -> "Parsed":
    """What a whole reply says.

    Args:
        text: of a reply that came to its end.
        tools: those that may be called; what calls no other is text.
        family: whose way of writing calls is looked for, besides the common ones; None: everybody's.

    Raises:
        ConfigError: there is no such family.
    """
    from gate.dialects.scanner import Scanner

    scanner = Scanner(tools, family)
    scanner.read(text)
    return scanner.close()


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gate.dialects import scanner

    return getattr(scanner, name)
