"""Time in tests: clocks that a test moves, and how long it waits where only the real one goes."""

import asyncio
from dataclasses import dataclass

ENOUGH_SECONDS = 60.0
"""For what takes a moment, on a machine that stalls: whoever waits so long waits for nothing."""
MANY_SECONDS = 1_800
"""For thousands of inputs; and for a table, of which the first test of a kind tries all rows."""


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class Waits(list[float]):
    """A `sleep` that is over at once, and how long each was to be."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


async def settled() -> None:
    """Whatever is ready to go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


def forward(seconds: float) -> None:
    """The event loop's clock is so much later from now on."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]


async def let_pass(seconds: float) -> None:
    """What is there is taken in; then whoever waits for a time-out has waited for it."""
    await settled()
    forward(seconds)
    await settled()
