"""The form of the file, as it was released and as the program expects it."""

from contextlib import closing
from pathlib import Path

from store.database import Database
from store.long_term_memory import FACTS_INDEX
from store.migrations import INDEX_OF_FACTS, MIGRATIONS


def in_one_line(statement: str) -> str:
    return " ".join(statement.split())


def test_the_index_of_facts_has_the_tables_that_an_index_expects() -> None:
    expected = [in_one_line(statement) for statement in FACTS_INDEX.statements]

    assert [in_one_line(statement) for statement in INDEX_OF_FACTS.statements] == expected


def test_every_migration_has_a_name_of_its_own_and_all_can_be_carried_out(tmp_path: Path) -> None:
    names = [migration.name for migration in MIGRATIONS]

    with (
        closing(Database.open(tmp_path / "roost.sqlite", MIGRATIONS)) as database,
        database.reading() as connection,
    ):
        carried_out = [name for (name,) in connection.execute("SELECT name FROM migrations")]

    assert sorted(carried_out) == sorted(names)
    assert len(set(names)) == len(names)


def test_all_tables_of_ours_are_strict(tmp_path: Path) -> None:
    with (
        closing(Database.open(tmp_path / "roost.sqlite", MIGRATIONS)) as database,
        database.reading() as connection,
    ):
        tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()

    loose = [name for name, sql in tables if "STRICT" not in (sql or "")]
    assert [name for name in loose if not name.startswith(("sqlite_", "facts_words"))] == []
