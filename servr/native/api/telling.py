"""What an engine tells, in batches of what is there; and an ear for whoever asked, who may hang up.

engine ─▶ pump ─▶ told ─┬─▶ batches ─▶ the answer
client ─▶ ear ──────────┘   an empty one after each while of silence
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType

from servr.native.api.bodies import Gone, Receive
from servr.native.asking import Told


class Telling:
    """Take it with `async with`: when that ends, the engine has been told, whatever happened."""

    def __init__(self, source: AsyncGenerator[Told, None], receive: Receive, silence_seconds: float) -> None:
        self._source = source
        self._receive = receive
        self._silence_seconds = silence_seconds
        self._told: list[Told] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> "Telling":
        self._pump = asyncio.create_task(self._take())
        self._ear = asyncio.create_task(self._listen())
        for task in (self._pump, self._ear):
            task.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ear.cancel()
        self._pump.cancel()
        await asyncio.wait((self._ear, self._pump))

    async def batches(self) -> AsyncGenerator[list[Told], None]:
        """All that was told since the last one. Raises what the engine raises, and Gone."""
        over = False
        while not over:
            if not self._news.is_set():
                await self._some_news()
            self._news.clear()
            over = self._pump.done()
            batch, self._told = self._told, []
            if self._ear.done() and not over:
                raise Gone
            if batch or not over:
                yield batch
        self._pump.result()

    async def _some_news(self) -> None:
        try:
            async with asyncio.timeout(self._silence_seconds):
                await self._news.wait()
        except TimeoutError:
            pass  # an empty batch says that it was silent

    async def _take(self) -> None:
        async with aclosing(self._source) as source:
            async for told in source:
                self._told.append(told)
                self._news.set()

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
