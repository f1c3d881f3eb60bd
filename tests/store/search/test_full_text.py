"""Search by words alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from store.search.full_text import MOST_ROWS, FullText

TABLE, PACKED = FullText("notes"), FullText("packed", is_packed=True)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in (*TABLE.statements, *PACKED.statements):
            connection.execute(statement)
        yield connection


def filled(connection: sqlite3.Connection, *texts: str, scope: int = 1) -> None:
    for row, text in enumerate(texts, 1):
        TABLE.put(connection, row, text, scope)


def test_the_row_with_the_rarer_words_comes_first(connection: sqlite3.Connection) -> None:
    filled(connection, "the build is slow", "the build runs ninja", "the tests are slow")

    assert TABLE.search(connection, "ninja build", 10, [1]) == [2, 1]


def test_a_part_of_an_identifier_finds_it(connection: sqlite3.Connection) -> None:
    filled(connection, "def parseJsonLine(text)", "class Other: ...")

    assert TABLE.search(connection, "json", 10, [1]) == [1]
    assert TABLE.search(connection, "parse_json_line", 10, [1]) == [1]


def test_words_are_compared_by_their_stems(connection: sqlite3.Connection) -> None:
    filled(connection, "running the migrations", "nothing of the kind")

    assert TABLE.search(connection, "run migration", 10, [1]) == [1]


@pytest.mark.parametrize("query", ["検索", "索", "全文検索エンジン"])
def test_scripts_without_blanks_are_found_by_any_piece(connection: sqlite3.Connection, query: str) -> None:
    filled(connection, "全文検索について", "画像の処理")

    assert TABLE.search(connection, query, 10, [1])[0] == 1


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "' OR 1=1 --",
        'a" OR "b',
        "NEAR(a b, 2)",
        "words : a",
        "a*",
        "^a",
        "a AND NOT",
        "\x00",
        "🚀",
        "(",
        "{a}",
        "-a",
        "",
        " ",
        "�",
        "%s",
        "a" * 2**20,
        "a b " * 2**18,
        "🚀" * 2**18,
        "'\"" * 2**19,
    ],
)
def test_no_query_is_syntax(connection: sqlite3.Connection, query: str) -> None:
    filled(connection, "something else", "an apple")

    assert TABLE.search(connection, query, 10, [1]) in ([], [1], [2], [1, 2])


def test_only_the_scopes_that_are_asked_for_are_searched(connection: sqlite3.Connection) -> None:
    filled(connection, "ninja builds")
    TABLE.put(connection, 7, "ninja builds too", 2)

    assert TABLE.search(connection, "ninja", 10, [1]) == [1]
    assert TABLE.search(connection, "ninja", 10, [2]) == [7]
    assert TABLE.search(connection, "ninja", 10, [1, 2, 3]) == [1, 7]
    assert TABLE.search(connection, "ninja", 10, []) == []


def test_what_is_removed_is_not_found(connection: sqlite3.Connection) -> None:
    filled(connection, "ninja builds", "ninja tests")

    TABLE.remove(connection, 1, "ninja builds", 1)
    TABLE.remove(connection, 99, "ninja", 1)

    assert TABLE.search(connection, "ninja", 10, [1]) == [2]


def test_a_packed_table_finds_forgets_and_weighs_as_one_that_keeps_its_words(
    connection: sqlite3.Connection,
) -> None:
    texts = [f"{'ninja ' * (1 + number % 3)}builds part{number}" for number in range(40)]
    for table in (TABLE, PACKED):
        for row, text in enumerate(texts, 1):
            table.put(connection, row, text, 1)
        for row in range(1, 30):
            table.remove(connection, row, texts[row - 1], 1)
        table.put(connection, 3, "a ninja came back", 1)

    for query in ("ninja", "part3", "part33 builds", "came part35"):
        found = PACKED.search(connection, query, 50, [1])
        assert found == TABLE.search(connection, query, 50, [1])
    assert sorted(PACKED.search(connection, "ninja", 50, [1])) == [3, *range(30, 41)]
    assert [*connection.execute("SELECT words FROM packed_words WHERE words IS NOT NULL")] == []


def test_of_what_is_removed_no_word_is_left_once_it_is_tidied(connection: sqlite3.Connection) -> None:
    filled(connection, "topsecretword builds", "ninja tests")

    TABLE.remove(connection, 1, "topsecretword builds", 1)
    TABLE.tidy(connection)

    blocks = b"".join(row[0] for row in connection.execute("SELECT block FROM notes_words_data"))
    assert b"topsecret" not in blocks


def test_words_that_stand_everywhere_are_not_asked_for_beside_rare_ones(
    connection: sqlite3.Connection,
) -> None:
    filled(connection, *["the common word"] * (MOST_ROWS + 10), "the common needle")

    assert TABLE.search(connection, "the common needle", 5, [1]) == [MOST_ROWS + 11]


def test_where_every_word_stands_everywhere_the_newest_come(connection: sqlite3.Connection) -> None:
    filled(connection, *["the common word"] * (MOST_ROWS + 10))

    assert TABLE.search(connection, "common the", 2, [1]) == [MOST_ROWS + 10, MOST_ROWS + 9]


def test_among_many_scopes_no_word_of_a_query_is_left_out(connection: sqlite3.Connection) -> None:
    for scope in range(1, 501):
        TABLE.put(connection, scope, f"the project {scope} keeps its internationalization in files", scope)
    TABLE.put(connection, 501, "we deploy with kubernetes", 250)

    query = "kubernetes internationalization project keeps files"

    assert TABLE.search(connection, query, 600, range(1, 501))[0] == 501


def test_a_word_that_all_rows_of_a_small_scope_have_is_not_taken_for_a_rare_one(
    connection: sqlite3.Connection,
) -> None:
    for row in range(1, 501):
        TABLE.put(connection, row, f"the parts are run by machine {row}", 1)
    TABLE.put(connection, 501, "the migrations are run by alembic", 1)
    TABLE.put(connection, 502, "the answers are short", 2)
    TABLE.put(connection, 503, "the letters are large", 2)

    found = TABLE.search(connection, "how are the migrations run", 3, [1, 2])

    assert found[0] == 501
