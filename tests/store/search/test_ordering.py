"""Many vectors are put in order beside the event loop; searches go on, and say what they could not look at."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection
from threading import Event

import pytest

from gate.embedding.hashed import HashedEmbedder
from store.database import Database, Migration
from store.search.index import HybridIndex
from store.search.searching import Searching
from tests.clocks import ENOUGH_SECONDS
from tests.counting import turns_of_others

INDEX = HybridIndex("notes")
FORM = (Migration(name="notes", statements=INDEX.statements),)
COUNT, MOST_HELD = 300, 100
SAID = "The vectors are being put in order: until then many texts are found by words alone."


def name(record: int) -> str:
    """A word of letters."""
    return "".join(chr(97 + byte % 26) for byte in sha256(str(record).encode()).digest()[:12])


FAR = name(299)[:-1]
"""Misspelled: found by meaning alone, and not among the first that are held."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "notes.sqlite", FORM)) as database:
        yield database


async def filled(database: Database, *, in_background: bool, first: int = 0) -> Searching:
    searching = Searching(database, INDEX, HashedEmbedder(), in_background=in_background, most_held=MOST_HELD)
    texts = [f"record {name(record)} speaks of topic{record % 7}" for record in range(first, first + COUNT)]
    vectors = await searching.vectors(texts)
    with database.writing() as connection:
        for record, (text, vector) in enumerate(zip(texts, vectors, strict=True), first):
            INDEX.put(connection, record, text, vector=vector)
    return searching


async def ordered(searching: Searching) -> None:
    await asyncio.wait(searching._ordering._tasks.values())


def drafts_and_signs(database: Database) -> list[str]:
    return [file.name for file in database.path.parent.iterdir() if "signs" in file.name]


async def test_a_search_in_a_session_does_not_wait_for_the_order_and_says_so(tmp_path: Path) -> None:
    searched = Event()

    class SlowDatabase(Database):
        @contextmanager
        def reading_aside(self) -> Iterator[Connection]:
            searched.wait(ENOUGH_SECONDS)
            with super().reading_aside() as connection:
                yield connection

    with closing(SlowDatabase.open(tmp_path / "notes.sqlite", FORM)) as database:
        searching = await filled(database, in_background=True)

        first = await searching.search(FAR, 3)
        words = await searching.search(name(299), 3)
        searched.set()
        await ordered(searching)
        later = await searching.search(FAR, 3)

    assert (first.note, words.note, later.note) == (SAID, SAID, "")
    assert 299 not in [hit.record for hit in first.hits]
    assert 299 in [hit.record for hit in words.hits if hit.by_words]
    assert later.hits[0].record == 299


async def test_a_search_of_a_command_waits_and_the_event_loop_goes_on(database: Database) -> None:
    searching = await filled(database, in_background=False)

    with turns_of_others() as turns:
        found = await searching.search(FAR, 3)

    assert (found.hits[0].record, found.note) == (299, "")
    assert len(turns) > 1


async def test_searches_at_once_put_them_in_order_once(database: Database) -> None:
    searching = await filled(database, in_background=False)

    found = await asyncio.gather(*[searching.search(FAR, 3) for _ in range(5)])

    assert {hits.hits[0].record for hits in found} == {299}
    assert len(searching._ordering._tasks) == 1


async def test_a_session_that_ends_meanwhile_leaves_nothing_behind(database: Database) -> None:
    searching = await filled(database, in_background=True)
    await searching.search(FAR, 3)

    await searching.aclose()

    assert drafts_and_signs(database) == []
    [task] = searching._ordering._tasks.values()
    assert task.cancelled()


async def test_what_is_forgotten_meanwhile_gets_into_no_file(database: Database) -> None:
    searching = await filled(database, in_background=True)
    await searching.search(FAR, 3)

    with database.writing() as connection:
        INDEX.remove(connection, 299)
    searching.forget_derived([f"record {name(299)} speaks of topic5"])
    await ordered(searching)

    assert drafts_and_signs(database) == []
    assert 299 not in [hit.record for hit in (await searching.search(FAR, 3)).hits]


async def test_what_comes_and_goes_meanwhile_is_found_as_it_is_then(database: Database) -> None:
    searching = await filled(database, in_background=True)
    await searching.search(FAR, 3)

    with database.writing() as connection:
        INDEX.remove(connection, 299)
        INDEX.remove(connection, 3)
    await filled(database, in_background=True, first=1000)
    meanwhile = await searching.search(name(3)[:-1], 50)
    await ordered(searching)
    await searching.search(FAR, 3)
    await ordered(searching)

    assert not {3, 299} & {hit.record for hit in meanwhile.hits}
    assert (await searching.search(name(1299)[:-1], 3)).hits[0].record == 1299
    assert 299 not in [hit.record for hit in (await searching.search(FAR, 5)).hits]


async def test_a_session_makes_a_graph_beside_its_searches_and_forgets_it(database: Database) -> None:
    pytest.importorskip("usearch")
    searching = await filled(database, in_background=True)
    await searching.search(FAR, 3)
    await ordered(searching)
    [nearest] = searching._nearest.values()
    nearest.least_graph = MOST_HELD
    graph = database.path.with_name("notes.sqlite-notes-1.graph")

    first = await searching.search(FAR, 3)
    await ordered(searching)
    made = graph.exists()
    later = await searching.search(FAR, 3)
    searching.forget_derived([])

    assert first.hits[0].record == later.hits[0].record == 299
    assert made
    assert not graph.exists()
