"""How wide text is on a terminal: letters take a cell, wide characters two, combining marks none."""

from collections.abc import Iterator


def width_of(text: str) -> int:
    """How many cells `text` takes; an emoji that is made of several characters counts as one picture."""
    if text.isascii():
        return len(text)
    from wcwidth import iter_graphemes

    return sum(map(_width_of_grapheme, iter_graphemes(text)))


def graphemes(text: str) -> Iterator[tuple[str, int]]:
    """What cannot be divided on a screen, each with its width."""
    if text.isascii():
        yield from ((character, 1) for character in text)
        return
    from wcwidth import iter_graphemes

    yield from ((grapheme, _width_of_grapheme(grapheme)) for grapheme in iter_graphemes(text))


def _width_of_grapheme(grapheme: str) -> int:
    if len(grapheme) == 1 and grapheme.isascii():
        return 1
    from wcwidth import wcswidth

    return max(0, wcswidth(grapheme))


def cut(text: str, width: int) -> tuple[str, str]:
    """What of `text` goes into `width` cells, and the rest."""
    if text.isascii():
        return text[:width], text[width:]
    taken, length = 0, 0
    for grapheme, cells in graphemes(text):
        if taken + cells > width:
            break
        taken += cells
        length += len(grapheme)
    return text[:length], text[length:]


def fits(text: str, width: int) -> bool:
    """Whether `text` goes into `width` cells; of a longer one no more is read than that."""
    if text.isascii() or len(text) * 2 <= width:
        return len(text) <= width
    left = width
    for _, cells in graphemes(text):
        left -= cells
        if left < 0:
            return False
    return True


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` cells."""
    return text if fits(text, width) else cut(text, width - 1)[0] + "…"


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells."""
    text = clipped(text, width)
    space = " " * (width - width_of(text))
    return space + text if right else text + space
