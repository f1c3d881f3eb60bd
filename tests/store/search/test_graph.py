"""A graph leads to the same vectors as a pass over all of them, whatever happens to it and to them."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from store.database import Database, Migration
from store.search.derived_file import HEAD_BYTES
from store.search.nearest import Nearest
from tests.store.search.test_nearest import ALL, TABLE, Shelf, generated

pytest.importorskip("usearch")
LEAST, COUNT = 1000, 3000


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    form = (Migration(name="vectors", statements=TABLE.statements),)
    with closing(Database.open(tmp_path / "notes.sqlite", form)) as database:
        yield Shelf(database, tmp_path / "notes.signs")


def with_graph(shelf: Shelf) -> Nearest:
    """As a session has it after a while."""
    nearest = shelf.nearest()
    nearest.least_graph = LEAST
    shelf.search(generated(1)[0], nearest=nearest)
    while nearest.wants_graph:
        graph = nearest.grown_graph(Event())
        assert graph is not None
        nearest.take_graph(graph)
    assert nearest._graph is not None
    return nearest


def agree(shelf: Shelf, nearest: Nearest, scopes: list[int] = ALL) -> float:
    """How many of the ten nearest of an exact scan are found."""
    queries = generated(30, seed=99)
    exact, found = 0, 0
    for query in queries:
        best = shelf.exact(query, scopes)
        ours = {record for record, _ in shelf.search(query, scopes, nearest)}
        exact, found = exact + len(best), found + len(ours & {record for record, _ in best})
    return found / exact


def test_by_a_graph_the_nearest_are_those_of_an_exact_scan(shelf: Shelf) -> None:
    shelf.put(generated(COUNT))

    nearest = with_graph(shelf)

    assert agree(shelf, nearest) >= 0.99
    assert shelf.path.with_suffix(".graph").stat().st_mode & 0o077 == 0


def test_what_is_added_or_removed_later_is_found_and_not_found(shelf: Shelf) -> None:
    rows = generated(COUNT + 150)
    shelf.put(rows[:COUNT])
    nearest = with_graph(shelf)

    shelf.put(rows[COUNT:], first=COUNT + 1)
    shelf.remove(7)
    shelf.search(rows[0], nearest=nearest)

    assert not nearest.wants_graph, "a few late ones are passed over"
    assert shelf.search(rows[COUNT + 149], nearest=nearest)[0][0] == COUNT + 150
    assert 7 not in dict(shelf.search(rows[6], nearest=nearest))
    assert agree(shelf, nearest) >= 0.99


def test_what_became_too_much_is_added_and_the_rest_stays(shelf: Shelf) -> None:
    shelf.put(generated(COUNT)[: COUNT // 2])
    before = with_graph(shelf)
    shelf.put(generated(COUNT)[COUNT // 2 :], first=COUNT // 2 + 1)

    shelf.search(generated(1)[0], nearest=before)
    wanted = before.wants_graph
    after = with_graph(shelf)

    assert wanted
    assert after._graph is not None
    assert len(after._graph.index) == COUNT
    assert agree(shelf, after) >= 0.99


def test_when_most_was_removed_it_is_made_anew(shelf: Shelf) -> None:
    shelf.put(generated(COUNT))
    nearest = with_graph(shelf)

    shelf.remove(*range(1, COUNT // 2))
    again = with_graph(shelf)

    assert again._graph is not None
    assert len(again._graph.index) == COUNT // 2 + 1
    assert agree(shelf, nearest) >= 0.99


def test_in_a_scope_with_few_of_them_all_are_passed_over(shelf: Shelf) -> None:
    shelf.put(generated(COUNT))
    shelf.put(generated(20, seed=5), first=9001, scope=1)

    nearest = with_graph(shelf)

    assert agree(shelf, nearest, [1]) == 1
    assert agree(shelf, nearest, [0]) >= 0.99


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[:-1],
    "a bit": lambda content: content[:-5000] + b"\xff" + content[-4999:],
    "no graph": lambda content: content[:HEAD_BYTES],
    "no JSON": lambda content: b"\xff" * len(content),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_not_believed(shelf: Shelf, damage: str) -> None:
    shelf.put(generated(COUNT))
    with_graph(shelf)
    file = shelf.path.with_suffix(".graph")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))

    nearest = shelf.nearest()
    nearest.least_graph = LEAST
    shelf.search(generated(1)[0], nearest=nearest)

    assert nearest._graph is None
    assert nearest.wants_graph
    assert agree(shelf, with_graph(shelf)) >= 0.99


def test_a_file_of_other_vectors_is_not_believed(shelf: Shelf) -> None:
    shelf.put(generated(COUNT, seed=8))
    with_graph(shelf)
    with shelf.database.writing() as connection:
        connection.execute("DELETE FROM notes_vectors")
        connection.execute("DELETE FROM sqlite_sequence")
    shelf.put(generated(COUNT))

    nearest = shelf.nearest()
    nearest.least_graph = LEAST
    shelf.search(generated(1)[0], nearest=nearest)

    assert nearest._graph is None


def test_who_gives_up_leaves_no_file(shelf: Shelf) -> None:
    shelf.put(generated(COUNT))
    nearest = shelf.nearest()
    nearest.least_graph = LEAST
    shelf.search(generated(1)[0], nearest=nearest)
    given_up = Event()
    given_up.set()

    assert nearest.grown_graph(given_up) is None
    assert not shelf.path.with_suffix(".graph").exists()


def test_a_file_that_cannot_be_written_is_done_without(shelf: Shelf) -> None:
    shelf.put(generated(COUNT))
    shelf.path.with_suffix(".graph").mkdir()

    assert agree(shelf, with_graph(shelf)) >= 0.99
