"""Searching an index: by words, and by meaning as long as there is somebody who makes vectors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.arrays import load_numpy
from core.embedding import Embedder, EmbeddingFailed
from core.values import value
from store.database import Database
from store.search.index import Hit, HybridIndex, fused
from store.search.vectors import Model, Vector

if TYPE_CHECKING:
    from core.embedding import Floats
    from store.search.nearest import Nearest

DEEPEST = 1000
LEAST_DEEP = 50
"""How far each of the lists that are fused reaches: something may be low in both and still be the best."""


@value
class Found:
    hits: tuple[Hit, ...]
    """Best first."""
    note: str = ""
    """For people: why it was not searched by meaning, or not in all texts."""


@dataclass
class Searching:
    """An index in its file, with whoever makes its vectors; to be used in one event loop."""

    database: Database
    index: HybridIndex
    embedder: Embedder
    _nearest: "dict[int, Nearest]" = field(default_factory=dict)

    async def vectors(self, texts: Sequence[str]) -> list[Vector | None]:
        """One for each text, to be put down with it; None for all while the embedder fails."""
        load_numpy()
        from store.search.held import vector_of

        try:
            rows = await self._rows(self.embedder, texts)
        except EmbeddingFailed:
            return [None] * len(texts)
        return [vector_of(self.embedder.model, row) for row in rows]

    async def search(self, text: str, count: int, *, scopes: Collection[str] | None = None) -> Found:
        """The records of `scopes`, or of all, that fit `text` best. Never fails because of the embedder."""
        deep = min(DEEPEST, max(LEAST_DEEP, 5 * count))
        load_numpy()
        ranked: list[list[tuple[int, float]]] = []
        note = ""
        try:
            [query] = await self._rows(self.embedder, [text])
        except EmbeddingFailed as error:
            note = f"Searched by words alone: {error}"
        with self.database.reading() as connection:
            within = self.index.scope_numbers(connection, scopes)
            by_words = self.index.words.search(connection, text, deep, within)
            if not note and query.any():
                model = self.index.vectors.model(connection, self.embedder.model, len(query))
                if model is not None:
                    nearest = self._nearest_of(model)
                    ranked.append(nearest.search(connection, query, deep, within))
        return Found(hits=tuple(fused(by_words, ranked, count)), note=note)

    def _nearest_of(self, model: Model) -> "Nearest":
        from store.search.nearest import Nearest

        if model.number not in self._nearest:
            database = self.database.path
            path = database.with_name(f"{database.name}-{self.index.prefix}-{model.number}.signs")
            self._nearest[model.number] = Nearest(self.index.vectors, model, path)
        return self._nearest[model.number]

    async def _rows(self, embedder: Embedder, texts: Sequence[str]) -> "Floats":
        from store.search.held import unusable

        rows = await embedder.embed(texts)
        if wrong := unusable(rows, len(texts)):
            raise EmbeddingFailed(f"{embedder.model} gave no vectors that can be used: {wrong}.")
        return rows
