"""Asking an embedder on behalf of somebody who waits: not for long, and not while it is known to fail."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from core.arrays import load_numpy
from core.embedding import Embedder, EmbeddingFailed

if TYPE_CHECKING:
    from core.embedding import Floats

REST_SECONDS = 60.0
"""How long an embedder that failed is not asked again."""
TEXTS_AT_ONCE = 32
STRANGERS = (
    "Bananas ripen faster in a paper bag.",
    "The cellist tuned her strings before the concert.",
    "Port 8080 is taken by another process.",
    "He paid the rent on the first of the month.",
    "Glaciers move a few centimetres each day.",
)
"""Texts that have nothing to do with each other."""
MOST_STRANGE = 0.95


@dataclass
class Asking:
    """One embedder; to be used in one event loop."""

    embedder: Embedder
    seconds: float
    """How long a few texts may take. What takes longer goes on: a model that is loaded by then answers the
    next question.
    """
    clock: Callable[[], float] = monotonic
    _late: "asyncio.Task[Floats] | None" = field(default=None, repr=False)
    _failure: str = ""
    _again_at: float = 0.0
    _strangeness: float | None = None

    async def rows(self, texts: Sequence[str]) -> "Floats":
        """One for each text. Raises EmbeddingFailed, and at once where it failed just now."""
        if self._late and not self._late.done():
            raise self._is_late()
        if self._failure and self.clock() < self._again_at:
            raise EmbeddingFailed(self._failure)
        task = asyncio.create_task(usable_rows(self.embedder, texts))
        task.add_done_callback(self._learn)
        try:
            await asyncio.wait({task}, timeout=self.seconds * (1 + len(texts) // TEXTS_AT_ONCE))
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not task.done():
            self._late = task
            raise self._is_late()
        return task.result()

    async def strangeness(self) -> float:
        """The cosine of texts that have nothing to do with each other: 0 for some models, 0.7 for others."""
        if self._strangeness is None:
            try:
                rows = await self.rows(STRANGERS)
            except EmbeddingFailed:
                return 0.0
            count = len(rows)
            mean = float((rows @ rows.T).sum() - count) / (count * (count - 1))
            self._strangeness = min(max(mean, 0.0), MOST_STRANGE)
        return self._strangeness

    async def aclose(self) -> None:
        if self._late and not self._late.done():
            self._late.cancel()
            await asyncio.wait({self._late})
        await self.embedder.close()

    def _is_late(self) -> EmbeddingFailed:
        return EmbeddingFailed(f"{self.embedder.model} gave no vector within {self.seconds:g} seconds.")

    def _learn(self, ended: "asyncio.Task[Floats]") -> None:
        error = None if ended.cancelled() else ended.exception()
        self._failure = str(error) if isinstance(error, EmbeddingFailed) else ""
        self._again_at = self.clock() + REST_SECONDS


async def usable_rows(embedder: Embedder, texts: Sequence[str]) -> "Floats":
    """One for each text. Raises EmbeddingFailed."""
    load_numpy()
    from store.search.held import unusable

    rows = await embedder.embed(texts)
    if wrong := unusable(rows, len(texts)):
        raise EmbeddingFailed(f"{embedder.model} gave no vectors that can be used: {wrong}.")
    return rows


def likeness(cosine: float, strangeness: float) -> float:
    """1 for the same text, 0 for one that has nothing to do with it: for any embedder."""
    return (cosine - strangeness) / (1 - strangeness)
