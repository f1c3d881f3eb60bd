"""A memory that is full of long facts."""

import asyncio
from collections.abc import Sequence

from core.memory import MOST_FACT_CHARS, Fact, FactScope, Page, Stored
from tests.building import NOW


def long_fact(number: int) -> Fact:
    text = f"{number} {'long ' * MOST_FACT_CHARS}"[:MOST_FACT_CHARS]
    return Fact(id=number, text=text, scope="project", project="/p", source="model", session="s", said=NOW)


FACTS = tuple(long_fact(number) for number in range(1, 1_001))


class ManyFacts:
    note = ""

    async def store(self, text: str, *, scope: FactScope, replaces: int | None = None) -> Stored:
        return Stored(fact=FACTS[0], known=True, alike=FACTS[1:4])

    async def search(self, words: str, *, count: int) -> Sequence[Fact]:
        if words == "for ever":
            await asyncio.Event().wait()
        return FACTS[:count]

    async def page(self, *, count: int) -> Page:
        return Page(facts=FACTS[:count], total=len(FACTS))

    async def forget(self, fact: int) -> Sequence[Fact]:
        return FACTS[:1]
