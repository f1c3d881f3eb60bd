"""What styles look like, and which look is chosen."""

import pytest

from servr.spans import Line, Span, Style
from servr.themes import (
    ATTRIBUTES,
    DARK,
    DARK_BEHIND,
    LIGHT,
    LIGHT_BEHIND,
    PLAIN,
    Rgb,
    Theme,
    Wish,
    background_of,
    nearest,
    theme_for,
)

XTERM = {"TERM": "xterm-256color"}
LINE = Line("ab", spans=(Span("a", (Style.STRONG, Style.ADDED)), Span("b")))


@pytest.mark.parametrize(
    ("wish", "environment", "terminal", "background", "name"),
    [
        ("auto", XTERM, True, None, "dark"),
        ("auto", XTERM, True, (250, 250, 240), "light"),
        ("auto", XTERM, True, (10, 20, 40), "dark"),
        ("auto", {**XTERM, "COLORFGBG": "0;15"}, True, None, "light"),
        ("auto", {**XTERM, "COLORFGBG": "15;default;0"}, True, None, "dark"),
        ("auto", {**XTERM, "COLORFGBG": "0;15"}, True, (0, 0, 0), "dark"),
        ("light", XTERM, True, (0, 0, 0), "light"),
        ("dark", {**XTERM, "COLORFGBG": "0;15"}, True, None, "dark"),
        ("none", XTERM, True, None, "none"),
        ("dark", {**XTERM, "NO_COLOR": "1"}, True, None, "none"),
        ("dark", {**XTERM, "NO_COLOR": ""}, True, None, "dark"),
        ("dark", {"TERM": "dumb"}, True, None, "plain"),
        ("dark", XTERM, False, None, "plain"),
    ],
)
def test_the_theme_follows_the_wish_and_the_terminal(
    wish: Wish, environment: dict[str, str], terminal: bool, background: Rgb | None, name: str
) -> None:
    assert theme_for(wish, environment, terminal=terminal, background=background).name == name


@pytest.mark.parametrize(
    ("environment", "painted"),
    [
        ({"TERM": "linux"}, "\x1b[1;32ma\x1b[0mb"),
        ({"TERM": "xterm-256color"}, "\x1b[1;38;5;114ma\x1b[0mb"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "\x1b[1;38;2;126;200;120ma\x1b[0mb"),
        ({"TERM": "xterm-direct"}, "\x1b[1;38;2;126;200;120ma\x1b[0mb"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "\x1b[1ma\x1b[0mb"),
        ({"TERM": "dumb"}, "ab"),
    ],
)
def test_a_line_is_painted_with_the_colours_there_are(environment: dict[str, str], painted: str) -> None:
    assert theme_for("dark", environment, terminal=True).painted(LINE) == painted


@pytest.mark.parametrize("style", Style)
def test_every_style_but_plain_can_be_seen(style: Style) -> None:
    dark, few = (theme_for("dark", environment, terminal=True) for environment in (XTERM, {"TERM": "linux"}))

    assert {style in dark.codes, style in few.codes} == {style is not Style.PLAIN}


@pytest.mark.parametrize(
    ("palette", "background"), [(DARK, (30, 30, 30)), (LIGHT, (255, 255, 255)), (LIGHT, (253, 246, 227))]
)
def test_every_colour_can_be_read(palette: dict[Style, Rgb], background: Rgb) -> None:
    contrasts = {style: contrast(rgb, background) for style, rgb in palette.items()}

    assert {style: ratio for style, ratio in contrasts.items() if ratio < 4.5} == {}


@pytest.mark.parametrize(("palette", "behind"), [(DARK, DARK_BEHIND), (LIGHT, LIGHT_BEHIND)])
def test_code_can_be_read_on_what_is_behind_it(palette: dict[Style, Rgb], behind: dict[Style, Rgb]) -> None:
    least = {style: min(contrast(rgb, each) for rgb in palette.values()) for style, each in behind.items()}

    assert min(least[Style.INSERTED], least[Style.DELETED]) >= 4.5
    assert min(least.values()) >= 3  # what differs is bold


def test_only_all_colours_are_enough_for_some_behind_text() -> None:
    line = Line("x", spans=(Span("x", (Style.INSERTED, Style.KEYWORD)),))
    full = theme_for("dark", {"TERM": "xterm", "COLORTERM": "truecolor"}, terminal=True)

    assert full.painted(line) == "\x1b[38;2;230;235;240;48;2;12;50;22;38;2;215;140;235mx\x1b[0m"
    assert full.tinted
    assert not any(
        theme_for("dark", environment, terminal=True).tinted
        for environment in (XTERM, {"TERM": "linux"}, {**XTERM, "COLORTERM": "truecolor", "NO_COLOR": "1"})
    )


@pytest.mark.parametrize(("rgb", "number"), [((0, 0, 0), 16), ((255, 255, 255), 231), ((130, 190, 255), 111)])
def test_the_nearest_of_256_colours_is_found(rgb: Rgb, number: int) -> None:
    assert nearest(rgb) == number


@pytest.mark.parametrize(
    ("answer", "background"),
    [
        ("\x1b]11;rgb:ffff/8080/0000\x07", (255, 128, 0)),
        ("\x1b]11;rgba:ff/80/00/ff\x1b\\", (255, 128, 0)),
        ("\x1b]11;?\x07", None),
        ("", None),
    ],
)
def test_a_terminal_says_what_its_background_is(answer: str, background: Rgb | None) -> None:
    assert background_of(answer) == background


def test_a_theme_without_codes_shows_no_styles() -> None:
    assert not PLAIN.shows_styles
    assert Theme("none", ATTRIBUTES).shows_styles


def contrast(one: Rgb, other: Rgb) -> float:
    """As WCAG 2 reckons it."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(rgb: Rgb) -> float:
    parts = [part / 255 for part in rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
