"""Tool calls that models write as text: one table of families, one scanner per kind of body.

text ─▶ Scanner ─▶ what may be shown, thoughts, calls        `parse` is the same in one go
tools, history ─▶ rendering ─▶ text                          for models that know no tools
"""

from collections.abc import Sequence

from core.protocols import ToolSpec
from gate.dialects.scanner import Parsed, Scanner

__all__ = ["Parsed", "Scanner", "parse"]


def parse(text: str, tools: Sequence[ToolSpec], family: str | None = None) -> Parsed:
    """What a whole reply says.

    Args:
        text: of a reply that came to its end.
        tools: those that may be called; what calls no other is text.
        family: whose way of writing calls is looked for, besides the common ones; None: everybody's.

    Raises:
        ConfigError: there is no such family.
    """
    scanner = Scanner(tools, family)
    scanner.read(text)
    return scanner.close()
