"""Long pastes, folded to a chip in the input and written out when the line is sent."""

import re
from dataclasses import dataclass, field

MOST_LINES = 5
MOST_CHARS = 1_000


@dataclass
class Chips:
    """They are kept as long as the chat lasts: a line may be brought back and sent again."""

    _texts: dict[str, str] = field(default_factory=dict)

    def folded(self, text: str) -> str:
        """What is put into the input for a paste of `text`."""
        lines = text.count("\n") + 1
        if lines <= MOST_LINES and len(text) <= MOST_CHARS:
            return text
        size = f"{lines:,} lines" if lines > MOST_LINES else f"{len(text):,} characters"
        chip = f"[paste {len(self._texts) + 1}: {size}]"
        self._texts[chip] = text
        return chip

    def expanded(self, text: str) -> str:
        """`text` with what was pasted; a chip within that is only text."""
        if not self._texts:
            return text
        return re.sub("|".join(map(re.escape, self._texts)), lambda found: self._texts[found[0]], text)
