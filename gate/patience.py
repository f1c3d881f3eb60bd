"""Time limits that are fair on a busy machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PARTS = 10


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raises TimeoutError when what is inside takes longer, not counting pauses of this process.

    Who was stopped, or got no processor, finds what he waits for lying there, and it is too late by the
    clock. So the time is taken in parts, and of any pause no more than one of them counts.
    """
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Handle] = []

    def wait(parts: int) -> None:
        if parts:
            waiting[:] = [loop.call_later(seconds / PARTS, wait, parts - 1)]
        else:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        wait(PARTS)
        try:
            yield
        finally:
            waiting[0].cancel()
