"""Of a long text its beginning is counted, so that one that is far too long is not read to its end."""

from collections.abc import Callable, Iterable

CHARS_EACH = 6
"""Of a token, on average; a text of more characters than so many tokens have is looked at first."""
LONGER = 4
"""Times as much is read next, when that was not enough."""
CUT = 256
"""Tokens of a beginning that do not count: where it is cut, some are others than in the whole text."""


class TooMany(Exception):
    """A text has more tokens than were allowed."""

    def __init__(self, least: int) -> None:
        super().__init__(f"The text has at least {least} tokens.")
        self.least = least


def is_long(text: str, most: int) -> bool:
    """Whether a text is worth a look before it is made `most` tokens, or more."""
    return len(text) > CHARS_EACH * most


def require_most(most: int, texts: Iterable[str], count: Callable[[str], int]) -> None:
    """Reads little more than tells that there are too many; a text that may fit is read to its end.

    Each beginning is read as a whole: between parts there would be cuts, and at each too many tokens.

    Args:
        most: tokens.
        texts: they stand one behind the other, and no token reaches from one into the next.
        count: how many tokens a text has.

    Raises:
        TooMany: as soon as that is sure.
    """
    sure = 0
    for text in texts:
        length = CHARS_EACH * most
        while length < len(text):
            _check(most, sure + count(text[:length]) - CUT)
            length *= LONGER
        sure += count(text)
        _check(most, sure)


def _check(most: int, sure: int) -> None:
    if sure > most:
        raise TooMany(sure)
