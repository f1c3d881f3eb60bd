"""Long texts are counted in parts, so that one that is far too long is refused before all of it is read."""

from collections.abc import Callable, Iterable

CHARS_EACH = 8
"""Of a token, on average; a text of more characters than so many tokens have is looked at first."""
PART_CHARS = 1 << 16
JOINED = 32
"""Tokens of a part that do not count: at its ends some are others than in the whole text."""


class TooMany(Exception):
    """A text has more tokens than were allowed."""

    def __init__(self, least: int) -> None:
        super().__init__(f"The text has at least {least} tokens.")
        self.least = least


def is_long(text: str, most: int) -> bool:
    """Whether a text is worth a look before it is made `most` tokens, or more."""
    return len(text) > CHARS_EACH * most


def require_most(most: int, texts: Iterable[str], count: Callable[[str], int]) -> None:
    """Reads no more than tells that there are too many; when there may be `most`, nothing is known.

    Args:
        most: tokens.
        texts: they stand one behind the other, and no token reaches from one into the next.
        count: how many tokens a text has.

    Raises:
        TooMany: as soon as that is sure.
    """
    sure = 0
    for text in texts:
        for start in range(0, len(text), PART_CHARS):
            found = count(text[start : start + PART_CHARS])
            sure += found if len(text) <= PART_CHARS else max(0, found - JOINED)
            if sure > most:
                raise TooMany(sure)
