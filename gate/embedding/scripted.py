"""An embedder that gives what it was told to: for tests, and for trying what is built on one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.embedding import EmbeddingFailed

if TYPE_CHECKING:
    from core.embedding import Floats


@dataclass
class ScriptedEmbedder:
    """The vector of each text, of any length; a text that it was not told of ends it as a server would."""

    vectors: Mapping[str, Sequence[float]]
    model: str = "scripted"
    failure: str = ""
    """What it says instead of giving vectors."""
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def embed(self, texts: Sequence[str]) -> "Floats":
        self.asked.append(tuple(texts))
        if self.failure:
            raise EmbeddingFailed(self.failure)
        if strange := [text for text in texts if text not in self.vectors]:
            raise EmbeddingFailed(f"There is no vector for {strange[0]!r}.")
        width = max(map(len, self.vectors.values()), default=1)
        rows = np.array([self.vectors[text] for text in texts], np.float32).reshape(len(texts), width)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)  # (n, 1)
        lengths[lengths == 0] = 1
        unit: Floats = rows / lengths
        return unit

    async def close(self) -> None:
        """Nothing is open."""
