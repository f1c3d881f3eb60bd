"""Vectors are asked for once: they are kept under the SHA-256 of the model and the text."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.embedding import Embedder, VectorCache

if TYPE_CHECKING:
    from core.embedding import Floats


@dataclass
class CachedEmbedder:
    """Asks the embedder inside only for texts that it was not asked for before."""

    inner: Embedder
    cache: VectorCache
    _bytes: int = 0
    """Of the newest vector that was made: a server may change its model under its name."""

    @property
    def model(self) -> str:
        return self.inner.model

    async def embed(self, texts: Sequence[str]) -> "Floats":
        if not texts:
            return np.zeros((0, 1), np.float32)
        keys = [_key(self.model, text) for text in texts]
        known = {key: held for key, held in self.cache.known(keys).items() if self._fits(held)}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            rows = (await self.inner.embed(list(new.values()))).astype("<f2")
            self._bytes = rows.itemsize * rows.shape[1]
            made = {key: row.tobytes() for key, row in zip(new, rows, strict=True)}
            self.cache.keep(made)
            known = {**known, **made}
        if len({len(halves) for halves in known.values()}) > 1:
            return await self.inner.embed(texts)
        stored = b"".join(known[key] for key in keys)
        return np.frombuffer(stored, "<f2").reshape(len(texts), -1).astype(np.float32)

    def _fits(self, held: bytes) -> bool:
        return len(held) == self._bytes if self._bytes else bool(held) and len(held) % 2 == 0

    def forget(self, texts: Sequence[str]) -> None:
        self.cache.forget([_key(self.model, text) for text in texts])

    async def close(self) -> None:
        await self.inner.close()


def _key(model: str, text: str) -> bytes:
    return hashlib.sha256(f"{model}\0{text}".encode("utf-8", "surrogatepass")).digest()
