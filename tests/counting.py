"""What work costs, in what is done: no clock and no other program changes that."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from cProfile import Profile


def calls_in(work: Callable[[], object]) -> int:
    """How many calls of functions, in Python and in C."""
    profile = Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


@contextmanager
def turns_of_others() -> Iterator[Sequence[None]]:
    """Those that somebody who takes every turn of the event loop gets meanwhile."""
    turns: list[None] = []

    async def take() -> None:
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    task = asyncio.create_task(take())
    try:
        yield turns
    finally:
        task.cancel()
