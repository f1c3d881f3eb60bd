"""Standard output of the commands beside the chat: without secrets, and nothing in it commands a terminal."""

from dataclasses import dataclass
from typing import Any, TextIO

from core.masking import Masking
from core.visible import visible


@dataclass(frozen=True)
class Shown:
    """Stands in the place of a stream, and writes to it what may be seen."""

    out: TextIO
    masking: Masking

    def write(self, text: str) -> int:
        self.out.write(visible(self.masking.masked(text)))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.out, name)
