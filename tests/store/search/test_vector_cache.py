"""The cache of vectors in its file."""

from contextlib import closing
from pathlib import Path

from store.database import Database
from store.search.vector_cache import FORM, StoredVectors


def test_what_was_kept_is_known_the_next_time(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "vectors.sqlite", FORM)) as database:
        StoredVectors(database).keep({b"a": b"12", b"b": b"34"})

    with closing(Database.open(tmp_path / "vectors.sqlite", FORM)) as database:
        assert StoredVectors(database).known([b"b", b"c"]) == {b"b": b"34"}


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "vectors.sqlite", FORM)) as database:
        cache = StoredVectors(database, most=3)
        for key in (b"a", b"b", b"c", b"d"):
            cache.keep({key: b"12"})

        assert set(cache.known([b"a", b"b", b"c", b"d"])) == {b"b", b"c", b"d"}


def test_a_cache_that_cannot_be_written_forgets(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "vectors.sqlite", FORM)) as database:
        with database.reading() as connection:
            connection.execute("PRAGMA query_only = ON")
        cache = StoredVectors(database)

        cache.keep({b"a": b"12"})

        assert cache.known([b"a"]) == {}


def test_of_what_is_forgotten_nothing_is_left_in_its_files(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "vectors.sqlite", FORM)) as database:
        cache = StoredVectors(database)
        cache.keep({b"a": b"the halves of a", b"b": b"the halves of b"})

        cache.forget([b"a", b"never kept"])

        assert cache.known([b"a", b"b"]) == {b"b": b"the halves of b"}
        assert not any(b"the halves of a" in file.read_bytes() for file in tmp_path.iterdir())
