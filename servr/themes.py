"""What styles look like: dark, light and without colour, on terminals of 16, 256 and all colours.

`theme_for` chooses; `Theme.painted` makes a line ready to be written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from servr.spans import Line, Span, Style

Wish = Literal["auto", "dark", "light", "none"]
WISHES: tuple[Wish, ...] = get_args(Wish)
Colours = Literal[0, 16, 256, 16_777_216]
Rgb = tuple[int, int, int]

ATTRIBUTES: Mapping[Style, str] = {
    Style.DIM: "2",
    Style.STRONG: "1",
    Style.EMPHASIS: "3",
    Style.STRUCK: "9",
    Style.HEADING: "1",
    Style.LINK: "4",
    Style.COMMENT: "2",
}
"""What is no colour."""
NAMED: Mapping[Style, str] = {
    Style.GOOD: "32",
    Style.BAD: "31",
    Style.CODE: "36",
    Style.ADDED: "32",
    Style.REMOVED: "31",
    Style.KEYWORD: "35",
    Style.STRING: "32",
    Style.NUMBER: "36",
    Style.NAME: "34",
}
"""The sixteen colours are the person's own; those that are pale on white or dark on black are left out."""
DARK: Mapping[Style, Rgb] = {
    Style.GOOD: (126, 200, 120),
    Style.BAD: (255, 123, 114),
    Style.HEADING: (130, 190, 255),
    Style.LINK: (130, 190, 255),
    Style.CODE: (128, 210, 210),
    Style.ADDED: (126, 200, 120),
    Style.REMOVED: (255, 123, 114),
    Style.KEYWORD: (215, 140, 235),
    Style.STRING: (165, 214, 140),
    Style.NUMBER: (240, 180, 110),
    Style.COMMENT: (145, 152, 161),
    Style.NAME: (130, 190, 255),
}
LIGHT: Mapping[Style, Rgb] = {
    Style.GOOD: (20, 110, 45),
    Style.BAD: (180, 25, 30),
    Style.HEADING: (5, 80, 175),
    Style.LINK: (5, 80, 175),
    Style.CODE: (0, 95, 105),
    Style.ADDED: (20, 110, 45),
    Style.REMOVED: (180, 25, 30),
    Style.KEYWORD: (130, 30, 150),
    Style.STRING: (45, 100, 20),
    Style.NUMBER: (145, 70, 0),
    Style.COMMENT: (95, 102, 110),
    Style.NAME: (5, 80, 175),
}
DARK_BEHIND: Mapping[Style, Rgb] = {
    Style.INSERTED: (12, 50, 22),
    Style.DELETED: (70, 18, 22),
    Style.INSERTED_PART: (22, 76, 40),
    Style.DELETED_PART: (108, 28, 34),
}
LIGHT_BEHIND: Mapping[Style, Rgb] = {
    Style.INSERTED: (222, 250, 226),
    Style.DELETED: (255, 232, 230),
    Style.INSERTED_PART: (184, 240, 196),
    Style.DELETED_PART: (255, 206, 202),
}
"""Behind lines of code that came or went, whose text has the colours of its language."""
DARK_INK, LIGHT_INK = (30, 35, 40), (230, 235, 240)
"""Of text there that has no colour: that of the terminal may be anything."""
SIMPLER: Mapping[Style, Style] = {
    Style.INSERTED: Style.ADDED,
    Style.DELETED: Style.REMOVED,
    Style.INSERTED_PART: Style.ADDED,
    Style.DELETED_PART: Style.REMOVED,
}
"""What stands for a colour behind text where there is none that is quiet enough: 256 are too few."""
STEPS = (0, 95, 135, 175, 215, 255)
"""Of red, green and blue in the cube of 216 colours."""
LIGHT_NAMES = ("7", "9", "10", "11", "12", "13", "14", "15")
"""Colours of a background by number, as COLORFGBG names them, that are light."""
BACKGROUND = re.compile(r"rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")


@dataclass(frozen=True)
class Theme:
    name: str
    codes: Mapping[Style, str]
    """Parameters of the sequence that begins each style."""
    tinted: bool = False
    """Whether there are colours behind text, so that its own can tell something else."""

    @property
    def shows_styles(self) -> bool:
        """Whether bold, say, can be seen; else marks have to tell it."""
        return bool(self.codes)

    def painted(self, line: Line) -> str:
        return "".join(map(self._painted, line.parts)) if self.codes else line.text

    def _painted(self, span: Span) -> str:
        codes = ";".join(code for style in span.styles if (code := self.codes.get(style)))
        return f"\x1b[{codes}m{span.text}\x1b[0m" if codes else span.text


PLAIN = Theme("plain", {})


def theme_for(
    wish: Wish, environment: Mapping[str, str], *, terminal: bool, background: Rgb | None = None
) -> Theme:
    """The theme for a person's wish and their terminal; `background` is what it answered, if it was asked."""
    colours = colours_of(environment, terminal=terminal)
    if not colours:
        return PLAIN
    if wish == "none" or environment.get("NO_COLOR"):
        return Theme("none", ATTRIBUTES)
    name = wish if wish != "auto" else _by_background(environment, background)
    is_light, tinted = name == "light", colours > 256
    codes = {**ATTRIBUTES, **_colours(LIGHT if is_light else DARK, colours)}
    behind = _behind(is_light) if tinted else {style: codes[simpler] for style, simpler in SIMPLER.items()}
    return Theme(name, {**codes, **behind}, tinted=tinted)


def colours_of(environment: Mapping[str, str], *, terminal: bool) -> Colours:
    """How many colours can be shown; 0: nothing but text."""
    kind = environment.get("TERM", "")
    if not terminal or kind == "dumb":
        return 0
    if environment.get("COLORTERM") in ("truecolor", "24bit") or kind.endswith("-direct"):
        return 16_777_216
    return 256 if "256color" in kind else 16


def background_of(answer: str) -> Rgb | None:
    """The colour in a terminal's answer to `ESC ] 11 ; ? BEL`."""
    found = BACKGROUND.search(answer)
    if not found:
        return None
    red, green, blue = (int(part, 16) * 255 // (16 ** len(part) - 1) for part in found.groups())
    return red, green, blue


def _by_background(environment: Mapping[str, str], background: Rgb | None) -> Literal["dark", "light"]:
    if background:
        red, green, blue = background
        return "light" if 299 * red + 587 * green + 114 * blue > 128_000 else "dark"
    return "light" if environment.get("COLORFGBG", "").rpartition(";")[2] in LIGHT_NAMES else "dark"


def _colours(palette: Mapping[Style, Rgb], colours: Colours) -> Mapping[Style, str]:
    """Each style's colour, with its attribute."""
    match colours:
        case 16:
            codes = dict(NAMED)
        case 256:
            codes = {style: f"38;5;{nearest(rgb)}" for style, rgb in palette.items()}
        case _:
            codes = {style: "38;2;{};{};{}".format(*rgb) for style, rgb in palette.items()}
    kept = {style: code for style, code in ATTRIBUTES.items() if style is not Style.COMMENT or colours == 16}
    return {style: ";".join(filter(None, (kept.get(style), codes.get(style)))) for style in {**kept, **codes}}


def _behind(is_light: bool) -> Mapping[Style, str]:
    """The colours behind text, with that of text which has none."""
    palette, ink = (LIGHT_BEHIND, DARK_INK) if is_light else (DARK_BEHIND, LIGHT_INK)
    return {style: "38;2;{};{};{};48;2;{};{};{}".format(*ink, *rgb) for style, rgb in palette.items()}


def nearest(rgb: Rgb) -> int:
    """The number of the colour in the cube of 216 that is most like it."""
    red, green, blue = (min(range(6), key=lambda step: abs(STEPS[step] - part)) for part in rgb)
    return 16 + 36 * red + 6 * green + blue
