"""The memory of the user: its file, opened when it is first needed, and what of it a new session is told.

without a file ─► nothing is remembered, and not even sqlite3 is loaded
store ─────────► the file is made
"""

import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from boot.embedding import embedder_of, hashed_embedder
from boot.opening import Opening
from core.embedding import Embedder
from core.errors import StoreError
from core.masking import Masking
from core.memory import Fact, FactScope, FactSource, Page, Stored
from core.profile import Size
from core.records import dataclass
from flow.permission import Mode, Permissions

if TYPE_CHECKING:
    from store.database import Database
    from store.long_term_memory import LongTermMemory
    from store.search.reembedding import Progress
    from store.search.searching import Searching

IN_SESSION_SECONDS, COMMAND_SECONDS = 5.0, 30.0
"""How long a vector is waited for: one that is late is of use to a later search of a session."""


def _always() -> bool:
    return True


@dataclass(kw_only=True)
class Remembering:
    """The memory as one session, or one command, has it: what is only looked at is not made."""

    path: Path
    """Of the file."""
    project: str
    """Real path of the workspace; empty: of all projects."""
    masking: Masking = field(default_factory=Masking)
    source: FactSource = "model"
    session: str = ""
    """Known a little later than the rest."""
    scope: FactScope | None = None
    counts_uses: Callable[[], bool] = _always
    embedder: "Callable[[], Embedder]" = hashed_embedder
    """Asked for when the memory is first searched or added to."""
    in_background: bool = True
    """Whether it stays open, so that what takes long may be done beside it; see `Searching`."""
    notices: list[str] = field(default_factory=list)
    """What a person should know."""
    beside: "Remembering | None" = None
    """Whose file and vectors these are, and who ends them."""

    def of_person(self) -> "Remembering":
        """The same memory as the person has it who sits before the session."""
        return replace(self, source="person", counts_uses=lambda: False, notices=[], beside=self)

    @property
    def note(self) -> str:
        return self._memory.note if "_memory" in vars(self) else ""

    async def store(self, text: str, *, scope: FactScope, replaces: int | None = None) -> Stored:
        return await self._memory.store(text, scope=scope, replaces=replaces)

    async def search(self, words: str, *, count: int) -> Sequence[Fact]:
        if not self._exists:
            return ()
        found = await self._memory.search(words, count=count)
        if (note := self._memory.note) and note not in self.notices:
            self.notices.append(note)
        return found

    async def page(self, *, count: int) -> Page:
        return await self._memory.page(count=count) if self._exists else Page(facts=(), total=0)

    async def forget(self, fact: int) -> Sequence[Fact]:
        return await self._memory.forget(fact) if self._exists else ()

    def head(self, size: Size) -> str:
        """What a new session is told; empty when nothing is remembered. It goes on when the file fails."""
        try:
            return self._head(size) if self._exists else ""
        except StoreError as error:
            self.notices.append(f"Nothing is remembered in this session: {error}")
            return ""

    def close(self) -> None:
        """Where nothing was searched or added."""
        if "_database" in vars(self) and not self.beside:
            self._database.close()

    async def aclose(self) -> None:
        if "_searching" in vars(self) and not self.beside:
            await self._searching.aclose()
        self.close()

    def _head(self, size: Size) -> str:
        from flow.remembered import MOST_FACTS, remembered
        from store.facts import USER, Facts

        with self._database.reading() as connection:
            facts = Facts(connection)
            project = facts.project(self.project)
            found = facts.best([USER] if project is None else [USER, project], MOST_FACTS)
        return remembered(found, size)

    @property
    def _exists(self) -> bool:
        return os.access(self.path, os.F_OK)  # Path.exists raises where a folder may not be entered

    @cached_property
    def _database(self) -> "Database":
        if self.beside:
            return self.beside._database
        from store.database import Database
        from store.migrations import MIGRATIONS

        return Database.open(self.path, MIGRATIONS)

    async def catch_up(self) -> "AsyncGenerator[Progress, None]":
        """Make the vectors that facts have none of. Raises EmbeddingFailed."""
        if self._exists:
            from store.search.reembedding import caught_up

            async with aclosing(caught_up(self._searching)) as steps:
                async for step in steps:
                    yield step

    @cached_property
    def _searching(self) -> "Searching":
        if self.beside:
            return self.beside._searching
        embedder = self.embedder()
        others = (hashed_embedder(),)
        from store.long_term_memory import FACTS_INDEX
        from store.search.searching import Searching

        seconds = IN_SESSION_SECONDS if self.in_background else COMMAND_SECONDS
        return Searching(
            self._database, FACTS_INDEX, embedder, others, seconds, in_background=self.in_background
        )

    @cached_property
    def _memory(self) -> "LongTermMemory":
        from store.long_term_memory import LongTermMemory

        return LongTermMemory(
            database=self._database,
            searching=self._searching,
            project=self.project,
            masking=self.masking,
            source=self.source,
            session=self.session,
            scope=self.scope,
            counts_uses=self.counts_uses,
        )


def session_memory(around: Opening, permissions: Permissions) -> Remembering:
    return Remembering(
        path=around.folders.database,
        project=str(around.workspace),
        masking=around.masking,
        embedder=partial(embedder_of, around.settings, around.folders),
        counts_uses=lambda: permissions.mode is not Mode.PLAN,
    )
