"""What a person at a pseudo-terminal is taken to see."""

import pytest

from tests.servr.display import READY, Display


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("one\r\ntwo\x1b[1mthree\x1b[0m", "one\ntwothree"),
        ("A question\rque\x1b[2Cd", "A question" + "queued"),
        ("reading, 0 s\r\x1b[9C1", "reading, 0 s" + "reading, 1"),
        ("reading, 0 s\r\x1b[9C1\r\n", "reading, 0 s" + "reading, 1 s\n"),
        ("> y\r\x1b[2C\r\n", "> y\n"),
        ("one\r\ntwo\x1b[A\r\x1b[Jthree\x1b[B", "one\ntwo\nthree\n"),
        (f"\x1b]0;title\x07{READY}> ", f"{READY}> "),
        ("a\x1b7b\x1b(Bc\a\bd", "abcd"),
    ],
)
def test_a_row_that_was_written_to_is_told_as_it_stands(raw: str, text: str) -> None:
    display = Display()

    display.take(raw.encode())

    assert (display.text, display.raw) == (text, raw)


def test_in_which_pieces_it_comes_does_not_matter() -> None:
    display, raw = Display(), f"● one\x1b[1m·\x1b[0m{READY}two\x1b[2D\x1b[Jx"

    for byte in raw.encode():
        display.take(bytes([byte]))

    assert (display.text, display.raw) == (f"● one·{READY}twox", raw)
