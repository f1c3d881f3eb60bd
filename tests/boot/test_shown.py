import io
from contextlib import redirect_stdout
from typing import Any

import pytest

from boot.shown import Shown, show
from core.masking import Masking
from servr.spans import Line, Style

SECRET = "hunter2-AbCdEfGh-999"
MASKING = Masking([("API_KEY", SECRET)])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_a_command_prints_is_masked_and_obeyed_by_no_terminal() -> None:
    out = io.StringIO()
    shown = Shown(out, MASKING)

    shown.writelines([f"\x1b[1mmy {SECRET}\x1b[0m\n", "\x1b[2J\x1b[8mhidden\u202e\n"])

    assert out.getvalue() == "␛[1mmy [masked API_KEY]␛[0m\n␛[2J␛[8mhidden<U+202E>\n"
    assert shown.isatty() is False


@pytest.mark.parametrize(
    ("terminal", "painted"),
    [
        ("xterm", "\x1b[32mdone\x1b[0m\n"),
        ("xterm-256color", "\x1b[38;5;22mdone\x1b[0m\n"),
        ("xterm-direct", "\x1b[38;2;20;110;45mdone\x1b[0m\n"),
        ("dumb", "done\n"),
    ],
)
def test_lines_have_the_colours_of_the_chosen_theme(
    terminal: str, painted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", terminal)
    for name in ("COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    out = Terminal()
    stream: Any = Shown(out, MASKING, "light")

    with redirect_stdout(stream):
        show([Line("done", Style.GOOD)])

    assert out.getvalue() == painted


def test_lines_are_masked_and_without_colour_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    stream: Any = Shown(out, MASKING, "dark")

    with redirect_stdout(stream):
        show([Line(f"my {SECRET}", Style.GOOD)])

    assert out.getvalue() == "my [masked API_KEY]\n"
