"""Tells a person who looks elsewhere that a long turn has ended."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

LONG_SECONDS = 10.0
"""What ends sooner is still waited for."""
Notice = Literal["none", "bell", "desktop"]
BELL = "\a"
DESKTOP = "\x1b]9;Roost: {text}\x07" + BELL


@contextmanager
def noticed(
    how: Notice,
    send: Callable[[str], None],
    *,
    in_front: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Whatever is done meanwhile, if it takes long and the window is not in front at its end."""
    began = clock()
    try:
        yield
    finally:
        if how != "none" and clock() - began >= LONG_SECONDS and not in_front():
            send(BELL if how == "bell" else DESKTOP.format(text="the turn has ended"))
