"""An index in a file: put, removed, searched by words and by meaning."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.embedding import EmbeddingFailed
from gate.embedding.hashed import HashedEmbedder, hashed_rows
from store.database import Database, Migration
from store.search.index import HybridIndex
from store.search.searching import Searching

INDEX, PACKED = HybridIndex("notes"), HybridIndex("packed", is_packed=True)
FORM = (Migration(name="notes", statements=(*INDEX.statements, *PACKED.statements)),)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "notes.sqlite", FORM)) as database:
        yield database


@pytest.fixture
def searched(database: Database) -> Searching:
    return Searching(database, INDEX, HashedEmbedder())


async def test_a_packed_index_finds_what_another_finds(searched: Searching) -> None:
    packed = Searching(searched.database, PACKED, HashedEmbedder())
    for each in (packed, searched):
        await put(each, {1: "we build with ninja", 2: "tests run in pytest", 3: "building takes an hour"})
        await put(each, {2: "ninjas run", 3: "nothing of the kind \ud800"})
        with each.database.writing() as connection:
            each.index.remove(connection, 1)

    for query in ("how do I build it", "ninja", "pytest", "kinds of things"):
        assert await records(packed, query) == await records(searched, query)
    with packed.database.reading() as connection:
        assert PACKED.text(connection, 3) == "nothing of the kind ?"
        assert PACKED.stands(connection, 2, 1, "ninjas run")
        assert not PACKED.stands(connection, 2, 1, "tests run in pytest")


async def test_a_text_of_a_packed_index_waits_as_it_was_put(database: Database) -> None:
    with database.writing() as connection:
        PACKED.put(connection, 4, "a text")

    with database.reading() as connection:
        assert PACKED.waiting(connection, 9) == [(4, 1, "a text")]


@dataclass
class Faulty:
    """Gives what it is told to."""

    rows: NDArray[np.float32] | None = None
    model: str = "faulty"

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.rows is None:
            raise EmbeddingFailed("The server is gone.", hint="Start it.")
        return self.rows

    async def close(self) -> None:
        """Nothing is open."""


async def put(searched: Searching, texts: dict[int, str], scope: str = "") -> None:
    vectors = await searched.vectors(list(texts.values()))
    with searched.database.writing() as connection:
        for (record, text), vector in zip(texts.items(), vectors, strict=True):
            searched.index.put(connection, record, text, scope=scope, vector=vector)


async def records(
    searched: Searching, text: str, count: int = 10, scopes: Sequence[str] | None = None
) -> list[int]:
    return [hit.record for hit in (await searched.search(text, count, scopes=scopes)).hits]


async def test_what_fits_by_words_and_by_meaning_comes_first(searched: Searching) -> None:
    await put(searched, {1: "we build with ninja", 2: "tests run in pytest", 3: "building takes an hour"})

    found = await searched.search("how do I build it", 3)

    assert [hit.record for hit in found.hits][:2] == [1, 3]
    assert found.note == ""
    assert found.hits[0].by_words
    assert (found.hits[0].likeness or 0) > 0.2


async def test_a_misspelled_word_is_found_by_its_pieces(searched: Searching) -> None:
    await put(searched, {1: "authentication needs a token", 2: "the parser is recursive"})

    assert (await records(searched, "authentification"))[0] == 1


async def test_the_same_search_has_the_same_answer_in_the_same_order(searched: Searching) -> None:
    await put(searched, dict.fromkeys((5, 3, 9, 1), "the very same text"))

    assert await records(searched, "same text") == [1, 3, 5, 9]
    assert await records(searched, "same text", 2) == [1, 3]


async def test_a_text_that_is_replaced_is_not_found_by_its_old_words(searched: Searching) -> None:
    await put(searched, {1: "we use mercurial", 2: "something else entirely"})
    await records(searched, "mercurial")

    await put(searched, {1: "we use subversion"})

    found = await searched.search("mercurial", 5)
    assert [hit.record for hit in found.hits if hit.by_words] == []
    assert all((hit.likeness or 0) < 0.9 for hit in found.hits)
    assert (await records(searched, "subversion"))[0] == 1


async def test_what_is_removed_is_found_by_nobody(searched: Searching, tmp_path: Path) -> None:
    await put(searched, {1: "we use mercurial", 2: "we use subversion"})
    with closing(Database.open(tmp_path / "notes.sqlite", FORM)) as other_database:
        other = Searching(other_database, INDEX, HashedEmbedder())
        await records(other, "mercurial")

        with searched.database.writing() as connection:
            INDEX.remove(connection, 1)

        assert await records(searched, "mercurial") == [2]
        assert await records(other, "mercurial") == [2]


async def test_what_another_process_puts_is_found(searched: Searching, tmp_path: Path) -> None:
    await put(searched, {1: "we use mercurial"})
    await records(searched, "mercurial")

    with closing(Database.open(tmp_path / "notes.sqlite", FORM)) as other_database:
        await put(Searching(other_database, INDEX, HashedEmbedder()), {2: "zebra crossing"})

    assert (await records(searched, "zebra"))[0] == 2


async def test_only_the_scopes_that_are_named_are_searched(searched: Searching) -> None:
    await put(searched, {1: "we use mercurial"}, scope="a")
    await put(searched, {2: "we use mercurial too"}, scope="b")

    assert await records(searched, "mercurial", scopes=["a"]) == [1]
    assert await records(searched, "mercurial", scopes=["b", "never seen"]) == [2]
    assert await records(searched, "mercurial", scopes=[]) == []
    assert await records(searched, "mercurial") == [1, 2]


async def test_nothing_of_a_transaction_that_fails_is_kept(searched: Searching) -> None:
    [vector] = await searched.vectors(["we use mercurial"])

    def interrupted() -> None:
        with searched.database.writing() as connection:
            INDEX.put(connection, 1, "we use mercurial", vector=vector)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()

    assert await records(searched, "mercurial") == []


@pytest.mark.parametrize("query", ["", "\x00", "🚀", "\ud800", '" OR NEAR(', "x" * 2**20, "-", "日本"])
async def test_any_query_has_an_answer(searched: Searching, query: str) -> None:
    await put(searched, {1: "we use mercurial", 2: "\x00 \ud800 🚀", 3: "", 4: "y" * 2**20})

    assert set(await records(searched, query)) <= {1, 2, 3, 4}


async def test_an_empty_index_finds_nothing(searched: Searching) -> None:
    assert (await searched.search("anything", 5)).hits == ()


NO_NUMBER = np.full((1, 4), np.nan, np.float32)


@pytest.mark.parametrize(
    ("embedder", "reason"),
    [
        (Faulty(), "The server is gone. Start it."),
        (Faulty(NO_NUMBER), "faulty gave no vectors that can be used: a vector holds what is no number."),
        (
            Faulty(np.ones((1, 4), np.float32)),
            "faulty gave no vectors that can be used: a vector is not of length 1.",
        ),
        (
            Faulty(np.zeros((3, 4), np.float32)),
            "faulty gave no vectors that can be used: 1 vectors were asked for, and an array of the form (3, 4) came.",
        ),
    ],
)
async def test_without_vectors_it_is_searched_by_words_and_said(
    database: Database, embedder: Faulty, reason: str
) -> None:
    await put(Searching(database, INDEX, embedder), {1: "we use mercurial", 2: "we use subversion"})

    found = await Searching(database, INDEX, embedder).search("mercurial", 5)

    assert [hit.record for hit in found.hits] == [1]
    assert found.note == f"Searched by words alone: {reason}"
    with database.reading() as connection:
        assert INDEX.state(connection).waiting == 2


async def test_vectors_of_another_model_are_never_compared(searched: Searching, database: Database) -> None:
    await put(searched, {1: "we use mercurial"})
    stranger = Searching(database, INDEX, Faulty(hashed_rows(["we use mercurial"])))

    found = await stranger.search("nothing in common", 5)

    assert found.hits == ()
