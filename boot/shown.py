"""Standard output of the commands beside the chat: without secrets, and nothing in it commands a terminal."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TextIO

from core.masking import Masking
from core.visible import visible

STYLES = re.compile(r"(\x1b\[(?:0|1|2|31|32)m)")
"""Those of our own lines; a stranger's can be bold or red with them, and nothing else."""


@dataclass(frozen=True)
class Shown:
    """Stands in the place of a stream, and writes to it what may be seen."""

    out: TextIO
    masking: Masking

    def write(self, text: str) -> int:
        parts = STYLES.split(self.masking.masked(text))
        self.out.write("".join(part if STYLES.fullmatch(part) else visible(part) for part in parts))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.out, name)
