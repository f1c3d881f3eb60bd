"""Who looks elsewhere is told that a long turn has ended, and that a question waits."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest

from servr.terminal.notice import BELL, Notice, asking, noticed


@pytest.mark.parametrize(
    ("how", "seconds", "in_front", "told"),
    [
        ("bell", 20, False, [BELL]),
        ("desktop", 20, False, [f"\x1b]9;Roost: the turn has ended\x07{BELL}"]),
        ("bell", 20, True, []),
        ("bell", 2, False, []),
        ("none", 20, False, []),
    ],
)
def test_only_a_long_turn_that_nobody_watched_is_told_of(
    how: Notice, seconds: int, in_front: bool, told: list[str]
) -> None:
    sent: list[str] = []
    clock = count(0, seconds)

    with noticed(how, sent.append, in_front=lambda: in_front, clock=lambda: float(next(clock))):
        pass

    assert sent == told


@dataclass
class Timer:
    """A wait that ends when the test says so."""

    act: Callable[[], None] = lambda: None
    cancelled: bool = False

    def later(self, seconds: float, act: Callable[[], None]) -> "Timer":
        self.act = act
        return self

    def cancel(self) -> None:
        self.cancelled = True


@pytest.mark.parametrize(
    ("how", "in_front", "told"),
    [
        ("bell", False, [BELL]),
        ("desktop", False, [f"\x1b]9;Roost: a question waits for you\x07{BELL}"]),
        ("bell", True, []),
        ("none", False, []),
    ],
)
def test_a_question_that_waits_is_told_of_and_one_that_was_answered_is_not(
    how: Notice, in_front: bool, told: list[str]
) -> None:
    sent: list[str] = []
    timer = Timer()

    with asking(how, sent.append, in_front=lambda: in_front, later=timer.later):  # type: ignore[arg-type]
        waited = timer.cancelled
        timer.act()

    assert (sent, waited, timer.cancelled) == (told, False, True)
