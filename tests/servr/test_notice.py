"""Who looks elsewhere is told that a long turn has ended."""

from itertools import count

import pytest

from servr.terminal.notice import BELL, Notice, noticed


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
