"""Another embedder: all vectors are made anew, whoever is killed meanwhile, and searches go on."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.embedding import EmbeddingFailed
from gate.embedding.cached import CachedEmbedder
from gate.embedding.hashed import HashedEmbedder, hashed_rows
from store.database import Database, Migration
from store.search.index import HybridIndex, IndexState
from store.search.reembedding import Progress, caught_up
from store.search.searching import Searching
from store.search.vector_cache import FORM as FORM_OF_CACHE
from store.search.vector_cache import StoredVectors

ROOT = Path(__file__).parents[3]
INDEX = HybridIndex("notes")
FORM = (Migration(name="notes", statements=INDEX.statements),)
COUNT = 150


@dataclass
class Folded:
    """Another model: the hashed vectors, folded to fewer numbers. Fails when it has made `most`."""

    width: int = 256
    most: int = 10**9
    made: int = 0

    @property
    def model(self) -> str:
        return f"folded {self.width}"

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.made += len(texts)
        if self.made > self.most:
            raise EmbeddingFailed("The server is gone.")
        rows = hashed_rows(texts).reshape(len(texts), -1, self.width).sum(axis=1)
        return rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-9)[:, None]

    async def close(self) -> None:
        """Nothing is open."""


class SameName(Folded):
    model = "same"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "notes.sqlite", FORM)) as database:
        yield database


async def filled(database: Database, count: int = COUNT) -> None:
    searching = Searching(database, INDEX, HashedEmbedder())
    texts = [f"record number{record} speaks of topic{record % 7}" for record in range(count)]
    vectors = await searching.vectors(texts)
    with database.writing() as connection:
        for record, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
            INDEX.put(connection, record, text, vector=vector)


async def progress(searching: Searching) -> list[Progress]:
    return [step async for step in caught_up(searching)]


def state(database: Database) -> IndexState:
    with database.reading() as connection:
        return INDEX.state(connection)


def models_of_vectors(database: Database) -> dict[str, int]:
    query = "SELECT name, count(*) FROM notes_vectors JOIN notes_models m ON m.id = model GROUP BY name"
    with database.reading() as connection:
        return dict(connection.execute(query).fetchall())


async def test_all_texts_get_vectors_of_the_new_model_and_the_last_but_one_go(database: Database) -> None:
    await filled(database)
    derived = database.path.with_name("notes.sqlite-notes-1.signs")
    derived.touch()

    told = await progress(Searching(database, INDEX, Folded()))
    between = models_of_vectors(database)
    await progress(Searching(database, INDEX, Folded(width=128)))

    assert not derived.exists()
    assert told == [Progress(done=done, total=COUNT) for done in (64, 128, 150)]
    assert between == {"hashed-1": COUNT, "folded 256": COUNT}
    assert models_of_vectors(database) == {"folded 256": COUNT, "folded 128": COUNT}
    assert state(database) == IndexState(texts=COUNT, waiting=0, model="folded 128")


async def test_two_who_want_different_models_do_not_make_all_anew_in_turn(database: Database) -> None:
    await filled(database)
    one, other = HashedEmbedder(), Folded()
    made = []

    for turn in range(3):
        for embedder in (other, one):
            searching = Searching(database, INDEX, embedder)
            made.append(sum(1 for _ in await progress(searching)))
            [vector] = await searching.vectors(["one more"])
            with database.writing() as connection:
                INDEX.put(connection, 1000 * turn + other.made, "one more", vector=vector)

    assert made == [3, 1, 1, 1, 1, 1]


async def test_who_makes_vectors_stops_when_another_wants_another_model(database: Database) -> None:
    await filled(database)
    overtaken = Folded()
    steps = caught_up(Searching(database, INDEX, overtaken))
    await anext(steps)

    await progress(Searching(database, INDEX, Folded(width=128)))
    async for _ in steps:
        pass

    assert overtaken.made < COUNT
    assert state(database) == IndexState(texts=COUNT, waiting=0, model="folded 128")


async def test_where_nothing_is_missing_nothing_is_made(database: Database) -> None:
    await filled(database)

    assert await progress(Searching(database, INDEX, HashedEmbedder())) == []


async def test_meanwhile_the_old_vectors_are_searched_and_the_new_ones_too(database: Database) -> None:
    await filled(database)
    searching = Searching(database, INDEX, Folded(), others=(HashedEmbedder(),))

    before = await searching.search("numbr149", 3)
    steps = caught_up(searching)
    await anext(steps)
    between = await searching.search("numbr149", 3)
    async for _ in steps:
        pass
    after = await searching.search("numbr149", 3)

    assert [found.hits[0].record for found in (before, between, after)] == [149, 149, 149]
    assert [found.note for found in (before, between, after)] == [
        *2 * ["Vectors of folded 256 are not all made yet: some texts are found by words alone."],
        "",
    ]


async def test_a_server_that_dies_leaves_what_was_made_and_the_rest_is_made_later(database: Database) -> None:
    await filled(database)

    with pytest.raises(EmbeddingFailed):
        await progress(Searching(database, INDEX, Folded(most=70)))

    assert state(database).waiting == COUNT - 64
    assert models_of_vectors(database)["hashed-1"] == COUNT
    told = await progress(Searching(database, INDEX, Folded()))
    assert told[-1] == Progress(done=COUNT - 64, total=COUNT - 64)
    assert models_of_vectors(database)["folded 256"] == COUNT


async def test_without_the_new_server_the_old_vectors_are_searched_and_that_is_said(
    database: Database,
) -> None:
    await filled(database)
    searching = Searching(database, INDEX, Folded(most=0), others=(HashedEmbedder(),))

    found = await searching.search("numbr149", 3)

    assert found.hits[0].record == 149
    assert found.note == "Searched by words and by older vectors: The server is gone."


async def test_texts_that_came_while_there_was_no_server_get_their_vectors(database: Database) -> None:
    searching = Searching(database, INDEX, Folded(most=0))
    [vector] = await searching.vectors(["we use mercurial"])
    with database.writing() as connection:
        INDEX.put(connection, 1, "we use mercurial", vector=vector)

    await progress(Searching(database, INDEX, Folded()))

    assert vector is None
    assert models_of_vectors(database) == {"folded 256": 1}


async def test_what_changes_or_goes_meanwhile_is_as_it_is_then(database: Database) -> None:
    await filled(database)
    searching = Searching(database, INDEX, Folded())
    steps = caught_up(searching)
    await anext(steps)

    with database.writing() as connection:
        INDEX.put(connection, 1, "zebras are striped")
        INDEX.put(connection, 149, "lions are not")
        INDEX.remove(connection, 148)
    async for _ in steps:
        pass
    await progress(searching)

    assert models_of_vectors(database)["folded 256"] == COUNT - 1
    assert (await searching.search("zebra", 1)).hits[0].record == 1
    assert (await searching.search("lion", 1)).hits[0].record == 149


async def test_a_model_that_gives_other_dimensions_under_its_name_is_another_model(
    database: Database,
) -> None:
    class Renamed(Folded):
        model = "the same name"

    await filled(database, 5)
    await progress(Searching(database, INDEX, Renamed(width=128)))

    await progress(Searching(database, INDEX, Renamed(width=256)))

    with database.reading() as connection:
        sizes = connection.execute("SELECT length(halves), count(*) FROM notes_vectors GROUP BY 1").fetchall()
    assert sizes == [(256, 5), (512, 5)]


REEMBED = """
import asyncio, sys
from pathlib import Path
from store.database import Database
from store.search.reembedding import caught_up
from store.search.searching import Searching
from tests.store.search.test_reembedding import FORM, INDEX, Folded

async def run() -> None:
    searching = Searching(Database.open(Path(sys.argv[1]), FORM), INDEX, Folded())
    async for step in caught_up(searching):
        print(step.done, flush=True)
        sys.stdin.readline()

asyncio.run(run())
"""


def killed_after(steps: int, path: Path) -> int:
    """How many vectors a process told of as made before it was killed, at its next step."""
    command = [sys.executable, "-c", REEMBED, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = 0
        for _ in range(steps):
            told = int(process.stdout.readline())
            process.stdin.write(b"\n")
        process.kill()
    return told


@pytest.mark.slow
async def test_who_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    path, count = tmp_path / "notes.sqlite", 1000
    with closing(Database.open(path, FORM)) as database:
        await filled(database, count)
    left = [count]

    for steps in (1, 2, 3, 1, 2):
        told = killed_after(steps, path)
        with closing(Database.open(path, FORM)) as database:
            left.append(state(database).waiting)
        assert left[-1] <= left[-2] - told, "what was told of is done"
        with closing(Database.open(path, FORM)) as database:
            searching = Searching(database, INDEX, Folded(), others=(HashedEmbedder(),))
            assert (await searching.search("numbr999", 3)).hits[0].record == 999

    with closing(Database.open(path, FORM)) as database:
        await progress(Searching(database, INDEX, Folded()))
        assert models_of_vectors(database)["folded 256"] == count
        assert database.path.exists()


async def test_a_server_that_changes_its_model_under_its_name_gets_all_texts_anew(
    database: Database, tmp_path: Path
) -> None:
    with closing(Database.open(tmp_path / "cache.sqlite", FORM_OF_CACHE)) as kept:

        def served(width: int) -> Searching:
            embedder = CachedEmbedder(SameName(width), StoredVectors(kept))
            return Searching(database, INDEX, embedder, [])

        async def put(searching: Searching, record: int) -> None:
            [vector] = await searching.vectors([f"topic{record}"])
            with database.writing() as connection:
                INDEX.put(connection, record, f"topic{record}", vector=vector)

        before, after = served(256), served(128)
        for record in range(5):
            await put(before, record)
        await put(after, 5)
        steps = [step async for step in caught_up(after)]

        assert steps[-1] == Progress(done=5, total=5)
        assert state(database).waiting == 0
        with database.reading() as connection:
            assert connection.execute(
                "SELECT dimensions, count(*) FROM notes_vectors"
                " JOIN notes_models ON notes_models.id = model GROUP BY model"
            ).fetchall() == [(256, 5), (128, 6)]
