"""Time limits that do not count what a process slept through."""

import asyncio
import time

import pytest

from gate.patience import patience

PAUSE_SECONDS = 0.05


async def test_what_takes_too_long_is_ended() -> None:
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        async with patience(PAUSE_SECONDS):
            await asyncio.Event().wait()

    assert time.monotonic() - began >= PAUSE_SECONDS


async def test_a_pause_of_the_process_is_not_counted() -> None:
    came = asyncio.Event()

    async with patience(PAUSE_SECONDS / 2):
        time.sleep(PAUSE_SECONDS)  # noqa: ASYNC251 - as if it got no processor
        asyncio.get_running_loop().call_later(0, came.set)
        await came.wait()


async def test_who_is_cancelled_is_not_late() -> None:
    async def wait() -> None:
        async with patience(60):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})

    assert waiting.cancelled()


async def test_what_is_in_time_leaves_no_limit_behind() -> None:
    async with patience(0):
        pass

    await asyncio.sleep(0)
    await asyncio.sleep(0)
