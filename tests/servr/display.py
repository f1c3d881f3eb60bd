"""A terminal's screen as one text, in the order in which it was drawn.

Who draws a row anew writes only the cells that differ, and steps over the others: which they are depends on what
stood there before, and so on how much was drawn at once. Here a row is told as it stands.
"""

import re
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass, field

READY = "\x1b]133;B\x07"
"""What the chat tells the terminal when it begins to listen: it stays in the text."""
PIECE = re.compile(
    r"\x1b\[(?P<count>[0-?]*)[ -/]*(?P<move>[@-~])|(?P<told>\x1b\][^\x07]*\x07)|\x1b[()].|\x1b[^\[\]()]"
    r"|(?P<control>[\r\n\b\a])|(?P<letters>[^\x1b\r\n\b\a]+)",
    re.DOTALL,
)


def _decoder() -> IncrementalDecoder:
    return getincrementaldecoder("utf-8")("replace")


@dataclass
class Display:
    text: str = ""
    raw: str = ""
    """All that came, with what commands the terminal."""
    _decoder: IncrementalDecoder = field(default_factory=_decoder)
    _begun: str = ""
    """A sequence that has not ended."""
    _rows: list[list[str]] = field(default_factory=lambda: [[]])
    _row: int = 0
    _column: int = 0
    _passed: str = ""
    """Cells that the cursor stepped over; they are told with what is written next to them."""
    _written: bool = False
    """Whether this row was written to since the cursor came."""

    def take(self, chunk: bytes) -> None:
        came = self._decoder.decode(chunk)
        self.raw += came
        self.text += "".join(self._drawn(self._begun + came))

    def _drawn(self, came: str) -> Iterator[str]:
        place = 0
        while found := PIECE.match(came, place):
            place = found.end()
            if found["told"] == READY:
                yield READY
            elif letters := found["letters"]:
                yield self._write(letters)
            elif act := found["control"] or found["move"]:
                count = found["count"] or ""
                yield self._act(act, int(count) if count.isdecimal() else 1)
        self._begun = came[place:]

    def _write(self, letters: str) -> str:
        row, end = self._rows[self._row], self._column + len(letters)
        row += " " * (self._column - len(row))
        row[self._column : end] = letters
        told, self._passed = self._passed + letters, ""
        self._column, self._written = end, True
        return told

    def _act(self, act: str, count: int) -> str:
        row = self._rows[self._row]
        match act:
            case "C":
                row += " " * (self._column + count - len(row))
                self._passed += "".join(row[self._column : self._column + count])
                self._column += count
            case "J" | "K":
                del row[self._column :]
                if act == "J":
                    del self._rows[self._row + 1 :]
            case "\r" | "\n" | "\b" | "A" | "B" | "D":
                return self._leave(act, count)
        return ""

    def _leave(self, act: str, count: int) -> str:
        """What stands behind the cursor is told too, where the row was written to."""
        rest = "".join(self._rows[self._row][self._column :]) if self._written else ""
        self._passed, self._written = "", False
        match act:
            case "\r":
                self._column = 0
            case "\b" | "D":
                self._column = max(0, self._column - count)
            case "A":
                self._row = max(0, self._row - count)
            case _:
                self._row += 1 if act == "\n" else count
                self._rows += [[] for _ in range(self._row + 1 - len(self._rows))]
        return rest + ("\n" if act in ("\n", "A", "B") else "")
