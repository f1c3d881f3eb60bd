"""How readers follow a session without slowing it: a bounded queue and a task for each."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.errors import StoreError
from core.events import Record
from core.protocols import Reader

logger = logging.getLogger(__name__)

QUEUE_LENGTH = 2_000


@dataclass
class Subscription:
    """One reader. Telling it costs one put; what it misses when it is slow is read back from the log.

    Passing events are dropped when the queue is full: their sum is in the durable ones.
    """

    reader: Reader
    read_back: Callable[[int], Iterator[Record]]
    """The durable records with a `seq` above the given one."""
    seen: int = 0
    """`seq` of the newest durable record the reader was given, or had missed before it came."""
    _queue: asyncio.Queue[Record | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))
    _behind: bool = False
    _broken: bool = False
    _task: "asyncio.Task[None] | None" = None

    def tell(self, record: Record) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._follow())
        if self._queue.full():
            self._behind = self._behind or record.event.durable
            return
        self._queue.put_nowait(record)

    async def drained(self) -> None:
        """Wait until the reader has been given everything."""
        await self._queue.join()
        if self._behind:
            self._behind = False
            await self._catch_up(None)

    async def aclose(self) -> None:
        if self._task is not None:
            await self.drained()
            await self._queue.put(None)
            await self._task

    async def _follow(self) -> None:
        while (record := await self._queue.get()) is not None:
            if record.event.durable and record.seq > self.seen + 1:
                await self._catch_up(record.seq)
            await self._give(record)
            self._queue.task_done()

    async def _catch_up(self, before: int | None) -> None:
        """Give what was missed below the `seq` `before`, or all of it."""
        try:
            for record in self.read_back(self.seen):
                if before is not None and record.seq >= before:
                    return
                await self._give(record)
        except StoreError:
            logger.exception("what a slow reader missed could not be read back")

    async def _give(self, record: Record) -> None:
        if record.event.durable:
            if record.seq <= self.seen:
                return
            self.seen = record.seq
        if self._broken:
            return
        try:
            await self.reader(record)
        except Exception:
            self._broken = True
            logger.exception("a reader broke, and is told nothing more")
