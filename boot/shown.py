"""Standard output of the commands beside the chat: without secrets, and nothing in it commands a terminal."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from core.masking import Masking
from core.visible import visible

if TYPE_CHECKING:
    from servr.spans import Line
    from servr.terminal.screen import Screen
    from servr.themes import Wish


@dataclass(frozen=True)
class Shown:
    """Stands in the place of a stream, and writes to it what may be seen."""

    out: TextIO
    masking: Masking
    theme: "Wish" = "auto"

    def write(self, text: str) -> int:
        self.out.write(visible(self.masking.masked(text)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.out, name)


def screen() -> "Screen":
    """Standard output for lines, which are visible already and may have the colours of the person's theme."""
    from servr.terminal.screen import Screen
    from servr.themes import theme_for

    shown: Any = sys.stdout
    if not isinstance(shown, Shown):
        return Screen(shown)
    theme = theme_for(shown.theme, os.environ, terminal=shown.isatty())
    return Screen(shown.out, theme, shown.masking.masked)


def show(lines: "Iterable[Line]") -> None:
    screen().show(lines)
