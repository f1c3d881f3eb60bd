"""Guesses how a reply goes on from what was said before: agents repeat files, names and their own calls.

The guesses are read together with the newest token, and those that the model would have written stand.
"""

from collections.abc import Iterable

END = 3
"""Tokens that have to have stood there before."""
FEWEST, MOST = 3, 16
LONGEST_PAUSE = 128
PLACES = 8
"""That are compared, from the latest back."""
LONGEST_END = 32


class Lookup:
    """Where each end of the text so far stood before. A token costs the same however long it is."""

    def __init__(self, tokens: Iterable[int]) -> None:
        self._tokens: list[int] = []
        self._latest: dict[tuple[int, ...], int] = {}
        """Where what follows an end begins."""
        self._former: list[int] = []
        """For each place the one before with the same end; 0 for none."""
        self._width = FEWEST
        self._pause = self._waits = 0
        for token in tokens:
            self.take(token)

    def take(self, token: int) -> None:
        """The text goes on with `token`."""
        place = len(self._tokens)
        end = tuple(self._tokens[-END:])
        self._former.append(self._latest.get(end, 0))
        if place >= END:
            self._latest[end] = place
        self._tokens.append(token)
        if self._waits:
            self._waits -= 1

    def guesses(self, most: int) -> list[int]:
        """What followed the longest known end; a text that goes round is followed round."""
        width = min(self._width, most)
        place = 0 if self._waits or width <= 0 else self._best_place()
        behind = self._tokens[place : place + width] if place else []
        return (behind * width)[:width]

    def _best_place(self) -> int:
        best = length = 0
        place = self._latest.get(tuple(self._tokens[-END:]), 0)
        for _ in range(PLACES):
            if not place or length == LONGEST_END:
                break
            if (alike := self._alike(place)) > length:
                best, length = place, alike
            place = self._former[place]
        return best

    def _alike(self, place: int) -> int:
        """How many tokens before `place` are those at the end."""
        tokens, count = self._tokens, END
        while count < min(place, LONGEST_END) and tokens[place - count - 1] == tokens[-count - 1]:
            count += 1
        return count

    def learn(self, guessed: int, right: int) -> None:
        """`right` of `guessed` stood. Those that fail come ever more rarely, and few at once."""
        if right:
            self._pause = 0
            self._width = min(2 * self._width, MOST) if right == guessed else max(FEWEST, right)
        elif guessed:
            self._width = FEWEST
            self._waits = self._pause = min(2 * self._pause + 1, LONGEST_PAUSE)
