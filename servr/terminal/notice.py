"""Tells a person who looks elsewhere that a long turn has ended, or that a question waits for them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

LONG_SECONDS = 10.0
"""What ends sooner is still waited for."""
WAITING_SECONDS = 3.0
"""A question that is answered sooner was seen."""
Notice = Literal["none", "bell", "desktop"]
BELL = "\a"
Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
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
        if clock() - began >= LONG_SECONDS and not in_front():
            _tell(how, send, "the turn has ended")


@contextmanager
def asking(
    how: Notice, send: Callable[[str], None], *, in_front: Callable[[], bool], later: Later | None = None
) -> Iterator[None]:
    """Meanwhile a question waits: once it has waited for a while, they are told."""

    def tell() -> None:
        if not in_front():
            _tell(how, send, "a question waits for you")

    later = later or asyncio.get_running_loop().call_later
    timer = later(WAITING_SECONDS, tell)
    try:
        yield
    finally:
        timer.cancel()


def _tell(how: Notice, send: Callable[[str], None], text: str) -> None:
    if how != "none":
        send(BELL if how == "bell" else DESKTOP.format(text=text))
