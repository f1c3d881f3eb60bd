"""Facts that outlast a session: kept with their words and their vectors in one transaction, found by both.

store ──► masked ──► vector ──► facts ═ index      both are kept, or neither
search ─► index ───► the fact that holds now, with what it replaced
forget ─► facts, index, journal: no file of the memory has it any more
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from core.errors import InvalidArguments
from core.masking import Masking
from core.memory import Fact, FactScope, FactSource, Page, Stored
from core.values import Clock, utc_now
from core.words import words
from store.database import Database
from store.facts import Facts
from store.sayings import Saying, clean, folded, subject_of
from store.search.index import HybridIndex
from store.search.searching import Searching
from store.search.vectors import Vector

FACTS_INDEX = HybridIndex("facts")
"""Its tables are made by `store/migrations.py`."""
LEAST_LIKENESS = 0.3
"""What has no word of a search and is less alike than this is not what was meant."""
DEEPER = 3
"""Times as many as are wanted are looked for: some are what another one replaced."""
LEAST_SHARED = 0.5
"""Of the words of two facts, where one may be out of date."""
MOST_ALIKE = 3
LARGEST = 2**63 - 1
"""Number that SQLite takes."""


def _always() -> bool:
    return True


@dataclass
class LongTermMemory:
    """The facts of one project and of its user; to be used in one event loop."""

    database: Database
    searching: Searching
    project: str
    """Real path of the workspace; empty: of all projects, and then nothing can be stored for one."""
    masking: Masking = field(default_factory=Masking)
    source: FactSource = "model"
    session: str = ""
    scope: FactScope | None = None
    """Which facts are searched and listed; None: of the project and of the user."""
    counts_uses: Callable[[], bool] = _always
    """Whether a search is written down as a use of what it finds."""
    clock: Clock = utc_now
    note: str = ""
    """What a person should know of the newest search."""

    async def store(self, text: str, *, scope: FactScope, replaces: int | None = None) -> Stored:
        text = clean(self.masking.masked(text))
        [vector] = await self.searching.vectors([text])
        keep = partial(self._keep, text, vector, "" if scope == "user" else self.project, replaces)
        fact, known = await asyncio.to_thread(keep)
        return Stored(fact=fact, known=known, alike=tuple(await self._alike(fact)))

    async def search(self, words: str, *, count: int) -> Sequence[Fact]:
        facts = await self._search(words, count)
        if facts and self.counts_uses():
            await asyncio.to_thread(self._count_use, facts)
        return facts

    async def page(self, *, count: int) -> Page:
        return await asyncio.to_thread(self._page, count)

    async def forget(self, fact: int) -> Sequence[Fact]:
        return await asyncio.to_thread(self._remove, fact)

    def _keep(
        self, text: str, vector: Vector | None, project: str, replaces: int | None
    ) -> tuple[Fact, bool]:
        """The fact with its past, and whether it was there before."""
        with self.database.writing() as connection:
            facts = Facts(connection)
            if replaces is not None and self._in_reach(facts, replaces) is None:
                raise InvalidArguments(f"There is no fact #{replaces} to replace.", hint="Leave the id out.")
            number, known = facts.put(
                Saying(
                    text=text,
                    folded=folded(text),
                    subject=subject_of(text),
                    project=facts.make_project(project),
                    source=self.source,
                    session=self.session,
                    at=self.clock().timestamp(),
                )
            )
            facts.replace(number, replaces)
            FACTS_INDEX.put(connection, number, text, scope=project, vector=vector)
            kept = facts.known(number)
            assert kept is not None
            return kept, known

    def _page(self, count: int) -> Page:
        with self.database.reading() as connection:
            facts = Facts(connection)
            projects = self._reach(facts).values()
            found = [facts.known(fact.id) for fact in facts.newest(projects, count)]
            return Page(facts=tuple(filter(None, found)), total=facts.how_many(projects))

    def _remove(self, fact: int) -> Sequence[Fact]:
        with self.database.writing() as connection:
            facts = Facts(connection)
            if (found := self._in_reach(facts, fact)) is None:
                return ()
            gone = (found, *found.earlier)
            for each in gone:
                FACTS_INDEX.remove(connection, each.id)
            facts.remove([each.id for each in gone])
            FACTS_INDEX.words.tidy(connection)
        self.searching.forget_derived([each.text for each in gone])
        self.database.empty_the_journal()
        return gone

    async def _search(self, text: str, count: int) -> list[Fact]:
        with self.database.reading() as connection:
            scopes = list(self._reach(Facts(connection)))
        found = await self.searching.search(text, count * DEEPER, scopes=scopes)
        self.note = found.note
        meant = [hit.record for hit in found.hits if hit.by_words or (hit.likeness or 0.0) >= LEAST_LIKENESS]
        with self.database.reading() as connection:
            facts = Facts(connection)
            holding = [*dict.fromkeys(facts.successor(record) for record in meant)]
            return [fact for each in holding[:count] if (fact := facts.known(each))]

    async def _alike(self, fact: Fact) -> list[Fact]:
        """Others that share most of their words with it."""
        own, past = set(words(fact.text)), {each.id for each in (fact, *fact.earlier)}
        near = [other for other in await self._search(fact.text, MOST_ALIKE * DEEPER) if other.id not in past]
        return [other for other in near if _shared(own, set(words(other.text))) >= LEAST_SHARED][:MOST_ALIKE]

    def _count_use(self, facts: Sequence[Fact]) -> None:
        with self.database.writing() as connection:
            Facts(connection).count_use([fact.id for fact in facts], self.clock().timestamp())

    def _in_reach(self, facts: Facts, fact: int) -> Fact | None:
        found = facts.known(fact) if 0 < fact <= LARGEST else None
        if found and (not self.project or found.project in ("", self.project)):
            return found
        return None

    def _reach(self, facts: Facts) -> Mapping[str, int]:
        """The numbers of the projects that are searched, by their paths; an empty one is the user's."""
        return {
            path: number
            for path, number in facts.projects().items()
            if (not path and self.scope != "project")
            or (path and self.scope != "user" and self.project in ("", path))
        }


def _shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))
