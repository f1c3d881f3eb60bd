"""The thread in which requests are made ready, one after another: templates, tokens, grammars, vectors."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from servr.native.asking import Busy

MOST_WAITING = 256
WAIT_SECONDS = 1.0

ResultT = TypeVar("ResultT")


class RequestThread:
    """Beside the thread of the API, which has streams to write meanwhile."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="requests")
        self._most_waiting = most_waiting
        self._waiting = 0

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """Raises Busy where too many wait already."""
        if self._waiting >= self._most_waiting:
            said = f"{self._waiting} requests wait to be read, and no more may wait."
            raise Busy(said, retry_after_seconds=WAIT_SECONDS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
