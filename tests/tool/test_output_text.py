import pytest

from tool.output_text import fitted, plain, shortened


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bplain\x1b7", "plain"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("50%\r100%\r", "100%"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("a\x00b\x07c\td", "abc\td"),
        ("\x1b[2K\rworking\x1b[2K\rready", "ready"),
    ],
)
def test_text_is_what_a_screen_shows_in_the_end(raw: str, shown: str) -> None:
    assert plain(raw) == shown


def test_what_fits_is_left_alone() -> None:
    assert fitted("one\ntwo\n", 100) == "one\ntwo"


def test_head_and_tail_are_kept_in_whole_lines() -> None:
    lines = [f"line {number:04}" for number in range(1_000)]

    shown = fitted("\n".join(lines), 1_000).split("\n")

    place = next(place for place, line in enumerate(shown) if line.startswith("[…"))
    assert shown[:place] == lines[:place]
    assert shown[place + 1 :] == lines[-(len(shown) - place - 1) :]
    assert 2 * place < len(shown) - place
    assert 850 < len("\n".join(shown)) <= 1_000
    left_out = 10_000 - sum(len(line) + 1 for line in (*shown[:place], *shown[place + 1 :]))
    assert shown[place] == f"[… {left_out:,} characters left out …]"


def test_lines_that_look_like_errors_are_kept_from_the_middle() -> None:
    quiet = [f"line {number:04}" for number in range(1_000)]
    lines = [*quiet, "main.c:3: error: expected ';'", "12 passed, 0 failed", "E   AssertionError: no", *quiet]

    shown = fitted("\n".join(lines), 1_000)

    assert "main.c:3: error: expected ';'\nE   AssertionError: no\n[…]\n" in shown
    assert "0 failed" not in shown
    assert shown.startswith("line 0000\n")
    assert shown.endswith("\nline 0999")
    assert len(shown) <= 1_000


def test_many_errors_take_no_more_than_their_share() -> None:
    lines = [f"error number {number}" for number in range(1_000)]

    shown = fitted("\n".join(lines), 1_000)

    assert len(shown) <= 1_000
    assert shown.endswith("\nerror number 999")


def test_an_unread_gap_is_marked_between_text_and_tail() -> None:
    shown = fitted("first half", 1_000, tail="second half", unread_chars=5_000)

    assert shown == "first half\n[… 5,000 characters left out …]\nsecond half"


def test_text_and_tail_without_a_gap_are_one_text() -> None:
    assert fitted("one\ntw", 100, tail="o\nthree\n") == "one\ntwo\nthree"


def test_one_long_line_shows_its_ends() -> None:
    shown = fitted("a" * 5_000_000 + "z", 1_000)

    assert len(shown) <= 1_000
    assert shown.startswith("aaa")
    assert shown.endswith("aaaz")
    assert "4,999,791 characters" in shown


def test_a_shortened_line_says_how_much_is_missing() -> None:
    line = shortened("x" * 1_000, 140)

    assert line == f"{'x' * 66} [… 900 characters …] {'x' * 34}"
