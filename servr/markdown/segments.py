"""Cuts text, as it comes, into pieces that mean the same alone: none ends within emphasis, code or a link.

So a long paragraph is shown while it is written, and nothing that was shown has to be drawn again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_CHARS = 500
"""What is open for longer is taken as text: it costs time and is seldom meant."""
ENDS = r"[\s。，、！？；：]"
"""After these a piece may end."""
WORD = re.compile(rf"(?:(?!{ENDS}).)*{ENDS}", re.DOTALL)
PLAIN = re.compile(rf"[^\\`*_~\[\]&<]*{ENDS}")
MARK = re.compile(r"\\.|`+|\*+|_+|~~|!?\[|\]\(?|\)", re.DOTALL)


@dataclass
class Segments:
    """Whatever pieces the text comes in, what leaves means the same."""

    _pending: str = ""
    _read: int = 0
    """How much of `_pending` has been looked through."""
    _open: list[str] = field(default_factory=list)
    """Marks that have no partner yet, the innermost last."""

    def add(self, text: str) -> Iterator[str]:
        """What became whole with `text`."""
        self._pending += text
        ready = 0
        while end := self._next(ready):
            self._read = end
            if not self._open or self._read - ready >= MOST_CHARS:
                self._open.clear()
                yield self._pending[ready:end]
                ready = end
        self._pending, self._read = self._pending[ready:], self._read - ready

    def end(self) -> Iterator[str]:
        if self._pending:
            yield self._pending
        self._pending, self._read = "", 0
        self._open.clear()

    def _next(self, ready: int) -> int:
        """Where the next word ends, or as many as have no marks; 0 while it may go on."""
        if self._read == ready and (found := PLAIN.match(self._pending, ready, ready + MOST_CHARS)):
            return found.end()
        most = self._read + MOST_CHARS
        found = WORD.match(self._pending, self._read, most)
        end = found.end() if found else most
        if end > len(self._pending):
            return 0
        for mark in MARK.finditer(self._pending, self._read, end):
            self._see(mark, ready)
        return end

    def _see(self, found: re.Match[str], ready: int) -> None:
        mark = found[0]
        if self._open and self._open[-1][0] == "`":
            if mark.lstrip("\\") == self._open[-1]:
                self._open.pop()
        elif mark[0] == "`":
            self._open.append(mark)
        elif mark[0] in "*_~":
            before = self._pending[found.start() - 1] if found.start() > ready else " "
            self._emphasis(mark, before, self._pending[found.end() : found.end() + 1])
        elif mark[0] != "\\":
            self._bracket(mark)

    def _emphasis(self, mark: str, before: str, after: str) -> None:
        if mark[0] == "_" and before.isalnum() and after.isalnum():
            return
        kinds = [one[0] for one in self._open]
        if mark[0] in kinds and not before.isspace():
            self._close(mark, len(kinds) - 1 - kinds[::-1].index(mark[0]))
        elif after.strip():
            self._open.append(mark)

    def _close(self, mark: str, place: int) -> None:
        """As many marks as are closed by `mark`, from the one at `place` outwards."""
        left = len(mark)
        del self._open[place + 1 :]
        while left and self._open and self._open[-1][0] == mark[0]:
            opened = self._open.pop()
            if len(opened) > left:
                self._open.append(opened[left:])
            left -= len(opened[:left])

    def _bracket(self, mark: str) -> None:
        if mark[-1] == "[":
            self._open.append("[")
        elif mark == ")" and "(" in self._open:
            del self._open[self._open.index("(") :]
        elif mark[0] == "]" and "[" in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index("[") :]
            if mark == "](":
                self._open.append("(")
