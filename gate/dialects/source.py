"""Text that comes in pieces, read as if all of it were there.

A scanner is a generator: it yields when it needs more text, and goes on where it stopped. It decides
nothing that more text could change, so it cannot matter where the pieces end.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]

SPACE = re.compile(r"\s*+")
TAG = re.compile(r"<(?=[/\w|｜]|\Z)|\](?=<|\Z)|\[(?=[/E]|\Z)")
"""How everything begins that is sought."""


class Unfinished(Exception):
    """The text is over in the middle of something."""


@dataclass
class Source:
    text: str = ""
    """What is at hand: what was read is dropped from its front."""
    at: int = 0
    """How far `text` was read."""
    over: bool = False
    """Whether nothing will follow `text`."""
    _base: int = 0
    _mark: int = 0
    _kept: list[str] = field(default_factory=list)
    _kept_from: int | None = None
    """Where in `text` begins what is kept since the mark and not in `_kept` yet; None without a mark."""

    @property
    def place(self) -> int:
        """How far the reply was read, in characters from its beginning."""
        return self._base + self.at

    @property
    def rest(self) -> int:
        return len(self.text) - self.at

    def feed(self, piece: str) -> None:
        if self._kept_from is not None:
            self._kept.append(self.text[self._kept_from : self.at])
            self._kept_from = 0
        self._base += self.at
        self.text = self.text[self.at :] + piece
        self.at = 0

    def mark(self) -> None:
        """Keep what is read from here on."""
        self._mark, self._kept, self._kept_from = self.place, [], self.at

    def unmark(self) -> None:
        self._kept, self._kept_from = [], None

    def since_mark(self) -> str:
        return "".join(self._kept) + self.text[self._kept_from : self.at]

    def between(self, start: int, end: int) -> str:
        """What stands between two places, both after the mark and already read."""
        if start >= self._base:
            return self.text[start - self._base : end - self._base]
        return self.since_mark()[start - self._mark : end - self._mark]

    def back_to(self, place: int) -> None:
        """Read on from a place after the mark."""
        if place < self._base:
            self.text = "".join(self._kept) + self.text
            self._base, self._kept, self._kept_from = self._mark, [], 0
        self.at = place - self._base

    def more(self) -> Steps[None]:
        """Wait for more text. Raises Unfinished when none will come."""
        if self.over:
            raise Unfinished
        yield

    def space(self) -> Steps[None]:
        """Go past white space."""
        while True:
            found = SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.rest or self.over:
                return
            yield

    def look(
        self, pattern: re.Pattern[str], *, reach: int, half: re.Pattern[str] | None = None
    ) -> Steps[re.Match[str] | None]:
        """Whether `pattern` stands here, without going past it.

        Args:
            pattern: something that more text cannot make longer.
            reach: the length of the longest text it matches; no more is waited for.
            half: matches every text that may become such a one; what it does not match is not waited for.
        """
        while True:
            if found := pattern.match(self.text, self.at):
                return found
            if self.over or self.rest >= reach or (half and not half.fullmatch(self.text, self.at)):
                return None
            yield

    def take(self, pattern: re.Pattern[str], *, reach: int) -> Steps[re.Match[str] | None]:
        """Go past `pattern` if it stands here."""
        found = yield from self.look(pattern, reach=reach)
        if found:
            self.at = found.end()
        return found

    def seek(self, pattern: re.Pattern[str], *, reach: int) -> Steps[re.Match[str]]:
        """Go past the next `pattern`, a tag that is never longer than `reach`. Raises Unfinished."""
        while not (found := pattern.search(self.text, self.at)):
            half = TAG.search(self.text, max(self.at, len(self.text) - reach))
            before = (half.start() if half else len(self.text)) - 1  # a line end there is looked back at
            self.at = max(self.at, before)
            yield from self.more()
        self.at = found.end()
        return found
