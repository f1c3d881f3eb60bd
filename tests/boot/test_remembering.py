"""The memory of a session: what it opens, and that it lets go of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from boot.embedding import hashed_embedder
from boot.remembering import Remembering
from store.search.asking import STRANGERS

ANSWERED = ("tests", "port", STRANGERS[0])
"""Of what a search asks for; of strangers too, or it would wait for them until its patience ends."""


class Watched:
    """Makes vectors as usual, but for the many that are made in the background: these take for ever."""

    model = "watched"

    def __init__(self) -> None:
        self.closed = 0
        self.cancelled = asyncio.Event()

    async def embed(self, texts: Sequence[str]):
        if not any(word in texts[0] for word in ANSWERED):  # what a catching up begins with
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return await hashed_embedder().embed(texts)

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "roost.sqlite"


async def test_what_makes_vectors_ends_with_the_session(path: Path) -> None:
    before = Remembering(path=path, project="/p")
    await before.store("The tests are slow", scope="project")
    await before.aclose()
    watched = Watched()
    memory = Remembering(path=path, project="/p", embedder=lambda: watched)

    (found,) = await memory.search("tests", count=3)
    await asyncio.sleep(0)
    await memory.aclose()

    assert found.text == "The tests are slow"
    assert watched.cancelled.is_set()
    assert watched.closed == 1


def test_a_memory_that_nobody_needed_opens_nothing(path: Path) -> None:
    memory = Remembering(path=path, project="/p", embedder=lambda: pytest.fail("nobody needs vectors"))

    assert memory.head("normal") == ""
    assert asyncio.run(memory.page(count=3)).total == 0
    asyncio.run(memory.aclose())

    assert not path.exists()


async def test_what_a_session_is_told_needs_no_vectors(path: Path) -> None:
    before = Remembering(path=path, project="/p")
    await before.store("The tests are slow", scope="project")
    await before.aclose()
    memory = Remembering(path=path, project="/p", embedder=lambda: pytest.fail("nobody needs vectors"))

    told = memory.head("normal")
    await memory.aclose()

    assert "#1 The tests are slow (2" in told


async def test_a_person_beside_a_session_has_its_file_and_whoever_makes_its_vectors(path: Path) -> None:
    begun = list[Watched]()

    def watched() -> Watched:
        begun.append(Watched())
        return begun[-1]

    memory = Remembering(path=path, project="/p", session="s-1", embedder=watched)
    await memory.store("The tests are slow", scope="project")

    person = memory.of_person()
    stored = await person.store("The port is 8080", scope="project")
    await person.search("port", count=3)
    await person.aclose()
    found = await memory.search("port", count=1)
    await memory.aclose()

    assert (stored.fact.source, stored.fact.session) == ("person", "s-1")
    assert [(fact.text, fact.uses) for fact in found] == [("The port is 8080", 0)]
    assert [each.closed for each in begun] == [1]
