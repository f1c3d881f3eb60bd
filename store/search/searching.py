"""Searching an index: by words, and by meaning as long as there is somebody who makes vectors."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.embedding import Embedder, EmbeddingFailed, Forgetful
from core.values import value
from store.database import Database
from store.search.asking import Asking, likeness, usable_rows
from store.search.index import Hit, HybridIndex, fused
from store.search.ordering import Ordering
from store.search.vectors import MOST_HELD, Model, Vector

if TYPE_CHECKING:
    from core.embedding import Floats
    from store.search.nearest import Nearest

    Queries = list[tuple[str, Floats, float]]
    """As each model sees the text, and what it makes of strangers."""

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
    others: Sequence[Embedder] = ()
    """Whose vectors may still be there, and are of use until there are new ones of all texts."""
    query_seconds: float = 5.0
    """How long the vector of a query, or of a text that is put down, is waited for."""
    in_background: bool = False
    """Whether a search begins what takes long, and answers with what there is meanwhile: vectors that are
    missing are made, and many are put in order, as long as the event loop runs. Else nothing is made, and a
    search waits for the order.
    """
    most_held: int = MOST_HELD
    _catching_up: "asyncio.Task[None] | None" = field(default=None, repr=False)
    _nearest: "dict[int, Nearest]" = field(default_factory=dict)
    _ordering: Ordering = field(init=False, repr=False)
    _askings: Sequence[Asking] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._askings = [Asking(each, self.query_seconds) for each in (self.embedder, *self.others)]
        self._ordering = Ordering(self.database, self.in_background)

    async def vectors(self, texts: Sequence[str]) -> list[Vector | None]:
        """One for each text, to be put down with it; None for all while the embedder fails or is late."""
        try:
            return [*self._named(await self._askings[0].rows(texts))]
        except EmbeddingFailed:
            return [None] * len(texts)

    async def vectors_made(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One for each text, however long that takes. Raises EmbeddingFailed."""
        return self._named(await usable_rows(self.embedder, texts))

    def _named(self, rows: "Floats") -> "list[Vector]":
        from store.search.held import vector_of

        return [vector_of(self.embedder.model, row, is_packed=self.index.is_packed) for row in rows]

    async def search(self, text: str, count: int, *, scopes: Collection[str] | None = None) -> Found:
        """The records of `scopes`, or of all, that fit `text` best. Never fails because of the embedder."""
        deep = min(DEEPEST, max(LEAST_DEEP, 5 * count))
        with self.database.reading() as connection:
            complete = self.index.is_complete(connection, self.embedder.model)
        if self.in_background and not complete and self._catching_up is None:
            from store.search.reembedding import catch_up_quietly

            self._catching_up = asyncio.create_task(catch_up_quietly(self))
        queries, failure = await self._queries(text, complete=complete)
        found, behind = self._looked(text, queries, deep, scopes)
        if behind:
            under_way = [self._ordering.begun(nearest) for nearest in behind]
            if not self.in_background:
                await asyncio.wait(under_way)
                for task in under_way:
                    task.result()
                found, behind = self._looked(text, queries, deep, scopes)
        for nearest in self._nearest.values():
            if self.in_background and nearest.wants_graph:
                self._ordering.begun(nearest)
        hits = tuple(fused(*found, count))
        older = any(found[1])
        return Found(hits=hits, note=self._note(failure, complete=complete, older=older, behind=bool(behind)))

    def _looked(
        self, text: str, queries: "Queries", deep: int, scopes: Collection[str] | None
    ) -> tuple[tuple[list[int], list[list[tuple[int, float]]]], "list[Nearest]"]:
        """What is found by words and by meaning, and whose vectors were not all looked at."""
        with self.database.reading() as connection:
            within = self.index.scope_numbers(connection, scopes)
            by_words = self.index.words.search(connection, text, deep, within)
            by_meaning, behind = [], []
            for name, query, strangeness in queries:
                if model := self.index.vectors.model(connection, name, len(query)):
                    nearest = self._nearest_of(model)
                    ranked = nearest.search(connection, query, deep, within)
                    by_meaning.append([(record, likeness(cosine, strangeness)) for record, cosine in ranked])
                    behind += [nearest] if nearest.behind else []
        return (by_words, by_meaning), behind

    async def _queries(self, text: str, *, complete: bool) -> "tuple[Queries, str]":
        """The text as each model that is asked sees it, and why the one that is wanted does not."""
        made: Queries = []
        failure = ""
        for asking in self._askings[: 1 if complete else None]:
            try:
                [query] = await asking.rows([text])
            except EmbeddingFailed as error:
                failure = failure or str(error)
            else:
                strangeness = await asking.strangeness()
                made += [(asking.embedder.model, query, strangeness)] if query.any() else []
        return made, failure

    def _note(self, failure: str, *, complete: bool, older: bool, behind: bool) -> str:
        if failure:
            return f"Searched by words {'and by older vectors' if older else 'alone'}: {failure}"
        if not complete:
            return (
                f"Vectors of {self.embedder.model} are not all made yet: some texts are found by words alone."
            )
        order = "The vectors are being put in order: until then many texts are found by words alone."
        return order if behind else ""

    async def aclose(self) -> None:
        """End what goes on in the background, and whoever makes vectors. The file stays open."""
        if self._catching_up:
            self._catching_up.cancel()
            await asyncio.wait([self._catching_up])
        await self._ordering.aclose()
        for asking in self._askings:
            await asking.aclose()

    def let_go(self, texts: Sequence[str]) -> None:
        """Whoever makes vectors keeps nothing of these texts."""
        for embedder in (self.embedder, *self.others):
            if isinstance(embedder, Forgetful):
                embedder.forget(texts)

    def forget_derived(self, texts: Sequence[str]) -> None:
        """Remove what was made of the vectors of `texts`, after these were removed."""
        self.let_go(texts)
        self._ordering.give_up()
        with self.database.reading_aside() as connection:
            known = {self.signs_of(model.number): model for model in self.index.vectors.models(connection)}
            for file in self._derived():
                if file in known:
                    self._new_nearest(known[file]).keep_order(connection)
                else:
                    with suppress(OSError):  # made anew when it is needed
                        file.unlink()
        self._nearest.clear()

    def _derived(self) -> Sequence[Path]:
        """Every file that was made of vectors, and drafts of such."""
        folder, name = self.database.path.parent, f"{self.database.path.name}-{self.index.prefix}-*"
        return [*folder.glob(name), *folder.glob(f".{name}")]

    def signs_of(self, model: int) -> Path:
        """The file derived from a model's vectors; a graph lies beside it."""
        return self.database.path.with_name(f"{self.database.path.name}-{self.index.prefix}-{model}.signs")

    def _nearest_of(self, model: Model) -> "Nearest":
        if model.number not in self._nearest:
            self._nearest[model.number] = self._new_nearest(model)
        return self._nearest[model.number]

    def _new_nearest(self, model: Model) -> "Nearest":
        from store.search.nearest import Nearest

        return Nearest(self.index.vectors, model, self.signs_of(model.number), self.most_held)
