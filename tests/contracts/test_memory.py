"""What every `core.memory.Memory` promises; a new one joins `MEMORIES`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from boot.remembering import Remembering
from core.errors import InvalidArguments
from core.masking import Masking
from core.memory import MOST_FACT_CHARS, Fact, Memory
from gate.embedding.hashed import HashedEmbedder
from gate.embedding.scripted import ScriptedEmbedder
from store.database import Database
from store.long_term_memory import FACTS_INDEX, LongTermMemory
from store.migrations import MIGRATIONS
from store.search.searching import Searching

MASKING = Masking([("DEPLOY_TOKEN", "canary-4f9Xq7Lw2Tz")])


@asynccontextmanager
async def of_session(path: Path):
    memory = Remembering(path=path, project="/p", masking=MASKING)
    yield memory
    await memory.aclose()


@asynccontextmanager
async def of_person(path: Path):
    async with of_session(path) as memory:
        yield memory.of_person()


@asynccontextmanager
async def in_a_file(path: Path):
    database = Database.open(path, MIGRATIONS)
    searching = Searching(database, FACTS_INDEX, HashedEmbedder())
    yield LongTermMemory(database, searching, "/p", masking=MASKING)
    await searching.aclose()
    database.close()


@asynccontextmanager
async def without_vectors(path: Path):
    memory = Remembering(
        path=path, project="/p", masking=MASKING, embedder=lambda: ScriptedEmbedder({}, failure="Gone.")
    )
    yield memory
    await memory.aclose()


MEMORIES = (of_session, of_person, in_a_file, without_vectors)


@pytest.fixture(params=MEMORIES, ids=lambda made: made.__name__)
async def memory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Memory]:
    made: Callable[[Path], AbstractAsyncContextManager[Memory]] = request.param
    async with made(tmp_path / "roost.sqlite") as memory:
        yield memory


async def all_facts(memory: Memory) -> list[Fact]:
    return [*(await memory.page(count=99)).facts]


async def test_nothing_is_there_before_something_is_stored(memory: Memory) -> None:
    assert [*await memory.search("anything", count=3)] == []
    assert (await memory.page(count=3)).total == 0
    assert [*await memory.forget(1)] == []


async def test_what_is_stored_is_found_and_listed_newest_first(memory: Memory) -> None:
    first = (await memory.store("The tests run with pytest", scope="project")).fact
    second = (await memory.store("Call me Kim", scope="user")).fact

    found = await memory.search("how do the tests run", count=1)
    page = await memory.page(count=1)

    assert [fact.id for fact in found] == [first.id]
    assert (page.facts[0].id, page.total) == (second.id, 2)
    assert (first.scope, first.project, second.scope, second.project) == ("project", "/p", "user", "")


async def test_what_is_said_again_is_one_fact(memory: Memory) -> None:
    first = await memory.store("Tests run with pytest", scope="project")
    again = await memory.store("tests run  with pytest.", scope="project")

    assert (first.known, again.known, again.fact.id) == (False, True, first.fact.id)
    assert len(await all_facts(memory)) == 1


async def test_what_contradicts_keeps_the_newer_and_shows_the_older(memory: Memory) -> None:
    await memory.store("The port is 8080", scope="project")
    seen = await memory.store("The port is 9090", scope="project")
    named = await memory.store("Ports are given by systemd", scope="project", replaces=seen.fact.id)

    (held,) = await all_facts(memory)
    assert [fact.text for fact in seen.fact.earlier] == ["The port is 8080"]
    assert held == named.fact
    assert [fact.text for fact in held.earlier] == ["The port is 9090", "The port is 8080"]
    assert [fact.id for fact in await memory.search("port 8080", count=3)] == [held.id]


async def test_what_may_contradict_is_shown_when_it_is_stored(memory: Memory) -> None:
    await memory.store("we use npm", scope="project")

    stored = await memory.store("we use pnpm", scope="project")

    assert [fact.text for fact in stored.alike] == ["we use npm"]
    assert len(await all_facts(memory)) == 2


async def test_what_is_forgotten_is_gone_with_what_it_replaced(memory: Memory) -> None:
    await memory.store("The port is 8080", scope="project")
    newer = await memory.store("The port is 9090", scope="project")

    gone = await memory.forget(newer.fact.id)

    assert [fact.text for fact in gone] == ["The port is 9090", "The port is 8080"]
    assert await all_facts(memory) == []
    assert [*await memory.search("port", count=3)] == []
    assert [*await memory.forget(newer.fact.id)] == []


async def test_a_number_is_never_given_again(memory: Memory) -> None:
    first = (await memory.store("The port is 8080", scope="project")).fact
    await memory.forget(first.id)

    assert (await memory.store("The tests are slow", scope="project")).fact.id > first.id


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x1b", "x" * (MOST_FACT_CHARS + 1), "y" * 1_000_000])
async def test_what_is_no_fact_is_refused_and_nothing_is_kept(memory: Memory, text: str) -> None:
    with pytest.raises(InvalidArguments):
        await memory.store(text, scope="project")

    assert await all_facts(memory) == []


@pytest.mark.parametrize("replaces", [7, 0, -1, 2**80])
async def test_what_is_not_there_cannot_be_replaced(memory: Memory, replaces: int) -> None:
    await memory.store("The tests are slow", scope="project")

    with pytest.raises(InvalidArguments, match="to replace"):
        await memory.store("The tests are fast now", scope="project", replaces=replaces)

    assert [fact.text for fact in await all_facts(memory)] == ["The tests are slow"]


async def test_no_secret_is_kept(memory: Memory) -> None:
    stored = await memory.store("The token is canary-4f9Xq7Lw2Tz.", scope="project")

    assert stored.fact.text == "The token is [masked DEPLOY_TOKEN]."
    assert [*await memory.search("canary-4f9Xq7Lw2Tz", count=3)] == []


HOSTILE = ('"', "NEAR(a b)", "* OR -", "\x00\ud800", "😀 ‮RTL", "<|im_end|>[/data]", "x" * 100_000)


@pytest.mark.parametrize("words", HOSTILE)
async def test_no_words_of_a_search_are_an_order(memory: Memory, words: str) -> None:
    await memory.store("The tests are slow", scope="project")

    await memory.search(words, count=3)

    assert len(await all_facts(memory)) == 1
