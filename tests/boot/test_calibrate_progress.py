"""How far an exam is: a bar that moves in a terminal, a line for each check elsewhere."""

import io

from boot.calibrate.checks import EXAM
from boot.calibrate.progress import CLEAR_LINE, Progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO) -> str:
    progress = Progress(len(EXAM), out)
    for number in (0, 5):
        with progress(number, EXAM[number]):
            pass
    return out.getvalue()


def test_in_a_terminal_a_bar_grows_and_is_taken_away() -> None:
    lines = [line.rpartition("  ")[0] for line in shown(Screen()).split(CLEAR_LINE) if line]

    assert [*dict.fromkeys(lines)] == [
        f"{'░' * 20} 1 of 10  answers",
        f"{'█' * 10}{'░' * 10} 6 of 10  {EXAM[5].title}",
    ]
    assert shown(Screen()).endswith(CLEAR_LINE)


def test_elsewhere_each_check_has_a_line() -> None:
    assert shown(io.StringIO()) == f"roost: 1 of 10: answers\nroost: 6 of 10: {EXAM[5].title}\n"
