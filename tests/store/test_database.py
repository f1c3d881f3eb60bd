"""One SQLite file that several processes share, and that nobody loses anything in."""

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import StoreError
from store.database import ROOST, Database, Migration

ROOT = Path(__file__).parents[2]
NOTES = Migration(name="notes", statements=("CREATE TABLE notes (text TEXT NOT NULL) STRICT",))
DATES = Migration(name="dates of notes", statements=("ALTER TABLE notes ADD COLUMN at TEXT",))


def texts(database: Database) -> list[str]:
    with database.reading() as connection:
        return [text for (text,) in connection.execute("SELECT text FROM notes ORDER BY rowid")]


def write(database: Database, text: str) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))


def read(path: Path) -> list[str]:
    with closing(Database.open(path, [NOTES])) as database:
        return texts(database)


def a_file(path: Path, *said: str) -> None:
    with closing(Database.open(path, [NOTES])) as database:
        for text in said:
            write(database, text)


def test_what_is_written_is_there_for_the_next_who_opens_it(tmp_path: Path) -> None:
    a_file(tmp_path / "a.sqlite", "one", "two")

    with closing(Database.open(tmp_path / "a.sqlite", [NOTES])) as database:
        assert texts(database) == ["one", "two"]


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_the_file_its_journal_and_its_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "roost" / "a.sqlite"
    with closing(Database.open(path, [NOTES])) as database:
        write(database, "one")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert modes == {"a.sqlite": 0o600, "a.sqlite-wal": 0o600, "a.sqlite-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    a_file(tmp_path / "a.sqlite")
    (tmp_path / "a.sqlite").chmod(0o644)

    a_file(tmp_path / "a.sqlite")

    assert stat.S_IMODE((tmp_path / "a.sqlite").stat().st_mode) == 0o600


def test_it_is_kept_as_it_should_be(tmp_path: Path) -> None:
    settings = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "application_id")
    with (
        closing(Database.open(tmp_path / "a.sqlite", [NOTES])) as database,
        database.reading() as connection,
    ):
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in settings]

    assert found == ["wal", 1, 1, 1, ROOST]


def test_what_takes_two_thousand_bytes_is_packed_and_a_file_with_smaller_pages_goes_on(
    tmp_path: Path,
) -> None:
    for name in ("new", "old"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            if name == "old":
                connection.execute(f"PRAGMA application_id = {ROOST}")
                connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, at TEXT) STRICT")
        a_file(tmp_path / name, *["x" * 2040] * 70)

    assert read(tmp_path / "old") == read(tmp_path / "new") == ["x" * 2040] * 70
    assert (tmp_path / "new").stat().st_size < 70 * 2040 * 1.6 < (tmp_path / "old").stat().st_size


def test_a_migration_is_carried_out_once_and_by_its_name(tmp_path: Path) -> None:
    a_file(tmp_path / "a.sqlite", "one")

    for _ in range(2):
        with closing(Database.open(tmp_path / "a.sqlite", [NOTES, DATES])) as database:
            with database.reading() as connection:
                names = [name for (name,) in connection.execute("SELECT name FROM migrations")]
            assert sorted(names) == ["dates of notes", "notes"]
            assert texts(database) == ["one"]


def test_of_a_migration_that_fails_nothing_stays(tmp_path: Path) -> None:
    a_file(tmp_path / "a.sqlite", "one")
    wrong = Migration(name="wrong", statements=("CREATE TABLE other (a TEXT) STRICT", "CREATE NONSENSE"))

    with pytest.raises(StoreError, match="cannot be brought up to date"):
        Database.open(tmp_path / "a.sqlite", [NOTES, wrong])

    with (
        closing(Database.open(tmp_path / "a.sqlite", [NOTES])) as database,
        database.reading() as connection,
    ):
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
    assert sorted(tables) == ["migrations", "notes"]


def break_off(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('half')")
        raise KeyError


def test_what_an_error_leaves_half_done_is_undone(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "a.sqlite", [NOTES])) as database:
        with pytest.raises(KeyError):
            break_off(database)

        write(database, "whole")

        assert texts(database) == ["whole"]


def the_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_newer_file_is_told_of_and_left_as_it_is(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "a.sqlite", [NOTES, DATES])) as database:
        write(database, "one")
    before = the_bytes(tmp_path)

    with pytest.raises(StoreError) as refused:
        Database.open(tmp_path / "a.sqlite", [NOTES])

    assert str(refused.value) == (
        f"{str(tmp_path / 'a.sqlite')!r} was written by a newer Roost: this one does not know"
        " 'dates of notes'. Update Roost. The file is left as it is."
    )
    assert the_bytes(tmp_path) == before


def test_a_file_of_another_program_is_told_of_and_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as connection:
        connection.execute("CREATE TABLE of_others (a)")
    before = the_bytes(tmp_path)

    with pytest.raises(StoreError, match=r"is not a file of Roost\. Move it away: it is left as it is\."):
        Database.open(tmp_path / "a.sqlite", [NOTES])

    assert the_bytes(tmp_path) == before


@pytest.mark.parametrize(
    "harm",
    [
        lambda content: b"not a database, but a text. " * 100,
        lambda content: b"\0" * len(content),
        lambda content: content[:5_000],
        lambda content: content[:100] + b"\xff" * (len(content) - 100),
    ],
    ids=["another text", "zeros", "cut off", "overwritten behind its header"],
)
def test_a_damaged_file_is_told_of_and_left_as_it_is(tmp_path: Path, harm) -> None:
    path = tmp_path / "a.sqlite"
    a_file(path, *["text " * 100] * 50)
    path.write_bytes(harm(path.read_bytes()))
    before = path.read_bytes()

    with pytest.raises(StoreError, match="It is damaged, and left as it is"):
        read(path)

    assert path.read_bytes() == before


def test_a_bit_that_fell_over_in_a_text_costs_one_character(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    a_file(path, "one canary", "two")
    path.write_bytes(path.read_bytes().replace(b"one canary", b"one c\xebnary"))

    assert read(path) == ["one c\ufffdnary", "two"]


def test_a_name_in_it_that_is_no_text_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    a_file(path)
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE notes", b"CREATE\xebTABLE notes"))

    with pytest.raises(StoreError, match="It is damaged"):
        read(path)


def test_a_file_that_lost_the_list_of_its_migrations_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    a_file(path, "one")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM migrations")
        connection.commit()

    with pytest.raises(StoreError, match="cannot be brought up to date: table notes already exists"):
        read(path)


def test_a_folder_in_its_place_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used: unable to open database file"):
        Database.open(tmp_path, [NOTES])


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "a.sqlite", [NOTES])) as database:
        write(database, "one")
        with database.reading() as connection:
            connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="Make room on the disk"):
            write(database, "two" * 100_000)

        assert texts(database) == ["one"]


def test_what_is_read_together_is_of_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(Database.open(path, [NOTES])) as one, closing(Database.open(path, [NOTES])) as other:
        write(one, "before")
        with one.reading():
            seen = texts(one)
            write(other, "meanwhile")
            seen_again = texts(one)

        assert seen == seen_again == ["before"]
        assert texts(one) == ["before", "meanwhile"]


def test_who_has_to_wait_for_another_too_long_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with (
        closing(Database.open(path, [NOTES])) as one,
        closing(Database.open(path, [NOTES], patience_seconds=0.05)) as other,
        one.writing(),
    ):
        with pytest.raises(StoreError, match="Another process keeps it to itself"):
            write(other, "two")

        assert texts(other) == []


def test_a_mistake_in_a_statement_is_a_bug_and_no_damage(tmp_path: Path) -> None:
    with (
        closing(Database.open(tmp_path / "a.sqlite", [NOTES])) as database,
        pytest.raises(sqlite3.OperationalError),
        database.reading() as connection,
    ):
        connection.execute("SELECT nothing FROM nowhere")


def test_what_is_deleted_is_in_no_file_when_the_journal_is_emptied(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "a.sqlite", [NOTES])) as database:
        write(database, "canary-of-the-mine" * 200)
        with database.writing() as connection:
            connection.execute("DELETE FROM notes")
        database.empty_the_journal()

        assert not any(b"canary" in content for content in the_bytes(tmp_path).values())


def test_those_who_open_a_new_file_at_the_same_moment_all_get_it(tmp_path: Path) -> None:
    def opened(place: int) -> list[str]:
        return read(tmp_path / f"{place // 8}.sqlite")

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(opened, range(8 * 25)))

    assert found == [[]] * len(found)


WRITER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from store.database import Database, Migration
notes = Migration(name="notes", statements=("CREATE TABLE notes (text TEXT NOT NULL) STRICT",))
database = Database.open(Path({path!r}), [notes])
for number in range({count}):
    with database.writing() as connection:
        connection.execute("INSERT INTO notes (text) VALUES (?)", (f"{{sys.argv[1]}} {{number}}",))
"""


@pytest.mark.slow
def test_processes_that_begin_at_the_same_moment_lose_nothing(tmp_path: Path) -> None:
    path, count, writers = tmp_path / "new" / "a.sqlite", 100, 4
    program = WRITER.format(root=str(ROOT), path=str(path), count=count)

    running = [
        subprocess.Popen([sys.executable, "-c", program, str(name)], stderr=subprocess.PIPE, text=True)
        for name in range(writers)
    ]
    errors = [process.communicate(timeout=120)[1] for process in running]

    assert errors == [""] * writers
    with closing(Database.open(path, [NOTES])) as database:
        assert sorted(texts(database)) == sorted(
            f"{name} {number}" for name in range(writers) for number in range(count)
        )
