"""How readers follow a session without slowing it: a bounded queue and a task for each."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import field

from core.errors import StoreError
from core.events import Record
from core.protocols import Reader
from core.records import dataclass
from flow.joining import joined

logger = logging.getLogger(__name__)

QUEUE_LENGTH = 2_000
LEAST_FREED = QUEUE_LENGTH // 20
PATIENCE_SECONDS, LOOKS = 5.0, 10
"""How long a reader may be about one record when others wait for it, and how often it is looked at meanwhile:
a machine that stalls costs one look, whatever its clock says.
"""


@dataclass
class Subscription:
    """One reader. Telling it costs one put; what it misses when it is slow is read back from the log.

    Where the queue is full, pieces of a text are joined. Passing events that fit nowhere then are dropped:
    their sum is in the durable ones.
    """

    reader: Reader
    read_back: Callable[[int], Iterator[Record]]
    """The durable records with a `seq` above the given one."""
    seen: int = 0
    """`seq` of the newest durable record the reader was given, or had missed before it came."""
    patience_seconds: float = PATIENCE_SECONDS
    _given: int = 0
    _queue: asyncio.Queue[Record] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))
    _join_from: int = 0
    """How much must have been given before it is worth the time again."""
    _behind: bool = False
    _broken: bool = False
    _task: "asyncio.Task[None] | None" = None

    def tell(self, record: Record) -> None:
        if self._broken:
            return
        if self._task is None:
            self._task = asyncio.create_task(self._follow())
        if self._queue.full() and not record.event.durable and self._given >= self._join_from:
            self._join()
        if self._queue.full():
            self._behind = self._behind or record.event.durable
            return
        self._queue.put_nowait(record)

    def _join(self) -> None:
        records = [self._queue.get_nowait() for _ in range(QUEUE_LENGTH)]
        for record in joined(records):
            self._queue.put_nowait(record)
        for _ in records:
            self._queue.task_done()
        if QUEUE_LENGTH - self._queue.qsize() < LEAST_FREED:
            self._join_from = self._given + LEAST_FREED

    async def drained(self) -> None:
        """Wait until the reader has been given everything, or has stopped getting on."""
        if self._task is None or self._broken:
            return
        joined = asyncio.ensure_future(self._queue.join())
        given, looks = self._given, 0
        while not joined.done() and not self._task.done() and looks < LOOKS:
            await asyncio.wait(
                {joined, self._task},
                timeout=self.patience_seconds / LOOKS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            given, looks = self._given, looks + 1 if given == self._given else 0
        if not joined.done():
            joined.cancel()
            self._leave()
        elif self._behind:
            self._behind = False
            await self._catch_up(None)

    async def aclose(self) -> None:
        await self.drained()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=self.patience_seconds)

    def _leave(self) -> None:
        self._broken = True
        logger.error("a reader did not come back, and is told nothing more: %r", self.reader)

    async def _follow(self) -> None:
        while True:
            record = await self._queue.get()
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
        self._given += 1
        try:
            await self.reader(record)
        except Exception:
            self._broken = True
            logger.exception("a reader broke, and is told nothing more")
