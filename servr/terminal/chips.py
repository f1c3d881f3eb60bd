"""Long pastes, folded to a chip in the input and written out when the line is sent."""

from dataclasses import dataclass, field

MOST_LINES = 5
MOST_CHARS = 1_000


@dataclass
class Chips:
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
        for chip, whole in self._texts.items():
            text = text.replace(chip, whole)
        return text

    def clear(self) -> None:
        self._texts.clear()
