"""An embedder that is asked while somebody waits: one that is slow or away holds nobody up twice."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from core.embedding import EmbeddingFailed
from gate.embedding.hashed import HashedEmbedder, hashed_rows
from store.search.asking import REST_SECONDS, Asking, likeness


@dataclass
class Slow:
    """Answers when it is let; fails while it is away."""

    model: str = "slow"
    away: bool = False
    asked: int = 0
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += 1
        if self.away:
            raise EmbeddingFailed("It is away.", hint="Start it.")
        await self.let.wait()
        return hashed_rows(texts)

    async def close(self) -> None:
        """Nothing is open."""


async def refusal(asking: Asking) -> str:
    with pytest.raises(EmbeddingFailed) as refused:
        await asking.rows(["a"])
    return str(refused.value)


async def test_who_is_late_is_not_asked_again_meanwhile_and_answers_when_it_is_ready() -> None:
    slow = Slow()
    asking = Asking(slow, seconds=0)

    refused = [await refusal(asking) for _ in range(3)]
    slow.let.set()
    assert asking._late
    await asking._late

    assert refused == ["slow gave no vector within 0 seconds."] * 3
    assert slow.asked == 1
    assert len(await Asking(slow, seconds=9).rows(["a"])) == 1
    asking.seconds = 9
    assert len(await asking.rows(["a"])) == 1


async def test_who_failed_is_asked_again_after_a_while() -> None:
    now = 0.0
    slow = Slow(away=True)
    asking = Asking(slow, seconds=9, clock=lambda: now)

    refused = [await refusal(asking) for _ in range(3)]
    asked = slow.asked
    slow.away = False
    slow.let.set()
    now = REST_SECONDS

    assert refused == ["It is away. Start it."] * 3
    assert asked == 1
    assert len(await asking.rows(["a"])) == 1
    assert len(await asking.rows(["a"])) == 1


async def test_what_is_late_ends_with_the_session() -> None:
    asking = Asking(Slow(), seconds=0)
    await refusal(asking)

    await asking.aclose()

    assert asking._late
    assert asking._late.cancelled()


async def test_a_question_that_is_given_up_is_no_failure() -> None:
    slow = Slow()
    asking = Asking(slow, seconds=9)
    question = asyncio.create_task(asking.rows(["a"]))
    await asyncio.sleep(0)
    question.cancel()
    with suppress(asyncio.CancelledError):
        await question

    slow.let.set()

    assert len(await asking.rows(["a"])) == 1


@dataclass
class Narrow(HashedEmbedder):
    """As some models are: whatever two texts say, their vectors are nearly alike."""

    model: str = "narrow"

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.hstack([hashed_rows(texts), np.full((len(texts), 1), 2, np.float32)])
        return rows / np.linalg.norm(rows, axis=1)[:, None]


async def test_what_strangers_have_in_common_counts_for_nothing() -> None:
    told = {}
    for embedder in (HashedEmbedder(), Narrow()):
        asking = Asking(embedder, seconds=9)
        one, same, other = await asking.rows(["we build it", "we build it", "the cellist is late"])
        base = await asking.strangeness()
        told[embedder.model] = likeness(float(one @ same), base), likeness(float(one @ other), base)

    for nearest, farthest in told.values():
        assert nearest == pytest.approx(1, abs=1e-3)
        assert abs(farthest) < 0.2
