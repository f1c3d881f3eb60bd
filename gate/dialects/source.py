"""Text that comes in pieces, read as if all of it were there.

A scanner is a generator: it yields when it needs more text, and goes on where it stopped. It decides
nothing that more text could change, so it cannot matter where the pieces end.
"""

import re
from bisect import bisect_right
from collections.abc import Generator, Iterable, Sequence
from functools import cache
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]

NEVER = "(?!)"
"""An expression that nothing fits."""
SPACE = re.compile(r"[\s\ufeff]*+")


class Unfinished(Exception):
    """The text is over in the middle of something."""


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is first needed: most replies need few of the expressions there are."""
    return re.compile(pattern)


def either(texts: Iterable[str]) -> str:
    """An expression for any of these texts."""
    return "|".join(map(re.escape, texts)) or NEVER


class Leads:
    """Literal texts with which begins whatever is sought."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._longest = max(map(len, texts), default=0)
        self._halves = frozenset(one[:length] for one in texts for length in range(1, len(one)))
        self.whole = compiled(either(texts))
        self.first = compiled(either(sorted({one[0] for one in texts})))

    def begun(self, text: str, start: int) -> int:
        """Where, from `start` on, an end of `text` begins that may become one of them; else its length."""
        start = max(start, len(text) - self._longest)
        places = (found.start() for found in self.first.finditer(text, start))
        return next((place for place in places if text[place:] in self._halves), len(text))


class Source:
    def __init__(self) -> None:
        self.text = ""
        """What is at hand: what was read is dropped from its front."""
        self.at = 0
        """How far `text` was read."""
        self.over = False
        """Whether nothing will follow `text`."""
        self.calls_nest = True
        """Whether each call that is begun within a value was ended there, so far."""
        self._base = 0
        """The place at which `text` begins."""
        self._new: list[str] = []
        """Pieces that nobody had to look at yet."""
        self._awaited: re.Pattern[str] | None = None
        self._mark: int | None = None
        self._read: list[str] = []
        """What was dropped since the mark, and where each of it began."""
        self._starts: list[int] = []

    @property
    def place(self) -> int:
        """How far the reply was read, in characters from its beginning."""
        return self._base + self.at

    @property
    def rest(self) -> int:
        return len(self.text) - self.at

    def says_more(self) -> bool:
        """Whether what is at hand holds anything but white space, from here on."""
        found = SPACE.match(self.text, self.at)
        return found is None or found.end() < len(self.text)

    def feed(self, piece: str) -> bool:
        """Whether there is anything in it that its reader waits for."""
        self._new.append(piece)
        if self._awaited and not self._awaited.search(piece):
            return False
        self._join()
        return True

    def end(self) -> None:
        self._join()
        self.over = True

    def _join(self) -> None:
        if self._mark is not None and self.place > self._mark:
            start = max(self._mark, self._base)  # what stands before the mark would be copied each time
            self._read.append(self.text[start - self._base : self.at])
            self._starts.append(start)
        self._base += self.at
        self.text = "".join((self.text[self.at :], *self._new))
        self.at = 0
        self._new.clear()
        self._awaited = None

    def mark(self) -> None:
        """Keep what is read from here on."""
        self.unmark()
        self._mark = self.place

    def unmark(self) -> None:
        self._mark = None
        self._read.clear()
        self._starts.clear()

    def since_mark(self) -> str:
        return "" if self._mark is None else self.between(self._mark, self.place)

    def between(self, start: int, end: int) -> str:
        """What stands between two places, both after the mark and already read."""
        here = self.text[max(0, start - self._base) : max(0, end - self._base)]
        if start >= self._base:
            return here
        first = bisect_right(self._starts, start) - 1
        parts = self._read[first : bisect_right(self._starts, end)]
        return ("".join(parts) + here)[start - self._starts[first] : end - self._starts[first]]

    def back_to(self, place: int) -> None:
        """Read on from a place after the mark."""
        if place < self._base:
            first = bisect_right(self._starts, place) - 1
            self.text = "".join((*self._read[first:], self.text))
            self._base = self._starts[first]
            del self._read[first:], self._starts[first:]
        self.at = place - self._base

    def more(self, awaited: re.Pattern[str] | None = None) -> Steps[None]:
        """Wait for more text; for a piece with something `awaited` in it, if all at hand was read.

        Raises:
            Unfinished: none will come.
        """
        if self.over:
            raise Unfinished
        self._awaited = awaited
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

    def seek(self, pattern: re.Pattern[str], leads: Leads, *, reach: int) -> Steps[re.Match[str]]:
        """Go past the next `pattern`.

        Args:
            pattern: a tag; it may look back at the character before it.
            leads: what it begins with.
            reach: the length of the longest tag it matches.

        Raises:
            Unfinished: there is none.
        """
        start = self.at
        while True:
            lead = leads.whole.search(self.text, start)
            place = lead.start() if lead else leads.begun(self.text, start)
            if found := pattern.match(self.text, place):
                self.at = found.end()
                return found
            if lead and (self.over or len(self.text) - place >= reach):
                start = place + 1
                continue
            self.at = max(self.at, place - 1)  # for what looks back
            start = place - self.at
            yield from self.more(leads.first if place == len(self.text) else None)
