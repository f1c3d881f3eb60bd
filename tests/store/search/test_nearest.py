"""The nearest vectors by way of a file of signs: as good as comparing them all, whatever happens to the file."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray

from store.database import Database, Migration
from store.search.derived_file import HEAD_BYTES
from store.search.held import Held, unusable, vector_of
from store.search.nearest import Nearest
from store.search.sign_file import read_signs, write_signs
from store.search.signs import BLOCK, bits_of, blocks_of, no_signs
from store.search.vectors import VectorTable

ROOT = Path(__file__).parents[3]
TABLE = VectorTable("notes")
DIMENSIONS = 96
ALL = [0, 1]


def generated(count: int, seed: int = 7) -> NDArray[np.float32]:
    """Unit vectors in clusters, most numbers zero: as hashed words are."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((20, DIMENSIONS)) * (random.random((20, DIMENSIONS)) < 0.3)
    rows = centres[random.integers(0, 20, count)] + 0.3 * random.standard_normal((count, DIMENSIONS)) * (
        random.random((count, DIMENSIONS)) < 0.2
    )
    rows[:, 0] += 1e-3
    return (rows / np.linalg.norm(rows, axis=1)[:, None]).astype(np.float32)


@dataclass
class Shelf:
    """A database with vectors, and a search among them that keeps 100 in memory at most."""

    database: Database
    path: Path

    def put(self, rows: NDArray[np.float32], first: int = 1, scope: int = 0) -> None:
        with self.database.writing() as connection:
            for record, row in enumerate(rows, first):
                TABLE.put(connection, record, scope, vector_of("model", row))

    def remove(self, *records: int) -> None:
        with self.database.writing() as connection:
            for record in records:
                TABLE.remove(connection, record)

    def nearest(self, most_held: int = 100) -> Nearest:
        with self.database.reading() as connection:
            model = TABLE.model(connection, "model", DIMENSIONS)
        assert model is not None
        return Nearest(TABLE, model, self.path, most_held=most_held)

    def search(
        self, query: NDArray[np.float32], scopes: list[int] = ALL, nearest: Nearest | None = None
    ) -> list[tuple[int, float]]:
        with self.database.reading() as connection:
            chosen = nearest or self.nearest()
            found = chosen.search(connection, query, 10, scopes)
            if chosen.behind:
                chosen.put_in_order(connection)
                found = chosen.search(connection, query, 10, scopes)
            assert not chosen.behind
            return found

    def exact(self, query: NDArray[np.float32], scopes: list[int] = ALL) -> list[tuple[int, float]]:
        return self.search(query, scopes, self.nearest(most_held=10**9))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    form = (Migration(name="vectors", statements=TABLE.statements),)
    with closing(Database.open(tmp_path / "notes.sqlite", form)) as database:
        yield Shelf(database, tmp_path / "notes.signs")


def alike(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> bool:
    """The same cosines: of rows that are equally near, either may come."""
    return np.allclose([cosine for _, cosine in found], [cosine for _, cosine in expected], atol=1e-5)


def test_the_ten_nearest_are_those_of_an_exact_scan(shelf: Shelf) -> None:
    rows = generated(6000)
    shelf.put(rows)

    found = [shelf.search(row) for row in rows[::600]]

    shelf.path.unlink()
    assert found == [shelf.exact(row) for row in rows[::600]]


def test_what_is_added_later_is_held_beside_the_file(shelf: Shelf) -> None:
    rows = generated(560)
    shelf.put(rows[:500])
    nearest = shelf.nearest()
    shelf.search(rows[0], nearest=nearest)
    written = shelf.path.stat().st_ino

    shelf.put(rows[500:], first=501)

    assert shelf.search(rows[550], nearest=nearest)[0][0] == 551
    assert shelf.search(rows[3], nearest=nearest)[0][0] == 4
    assert shelf.path.stat().st_ino == written


def test_what_is_too_much_to_hold_goes_to_the_file_and_the_rest_of_it_stays(shelf: Shelf) -> None:
    rows = generated(2 * BLOCK + 300)
    shelf.put(rows[: BLOCK + 100])
    nearest = shelf.nearest()
    shelf.search(rows[0], nearest=nearest)

    shelf.put(rows[BLOCK + 100 :], first=BLOCK + 101)
    found = [shelf.search(rows[place], nearest=nearest)[0][0] for place in (0, BLOCK + 50, BLOCK + 150, -1)]

    assert found == [1, BLOCK + 51, BLOCK + 151, len(rows)]
    kept = read_signs(shelf.path, model="model", dimensions=DIMENSIONS)
    assert kept is not None
    with shelf.database.reading() as connection:
        model = nearest.model
        everything = Held.of(TABLE.after(connection, model, 0, len(rows)), DIMENSIONS)
    assert np.array_equal(kept.blocks, blocks_of(bits_of(everything.vectors)))


def test_what_was_removed_or_replaced_is_not_found_where_it_was(shelf: Shelf) -> None:
    rows = generated(500)
    shelf.put(rows)
    nearest = shelf.nearest()
    shelf.search(rows[0], nearest=nearest)

    shelf.remove(1)
    shelf.put(rows[400:401], first=2)

    assert 1 not in dict(shelf.search(rows[0], nearest=nearest))
    assert dict(shelf.search(rows[400], nearest=nearest))[2] > 0.999
    assert alike(shelf.search(rows[1], nearest=nearest), shelf.exact(rows[1]))


def test_when_most_was_removed_the_file_is_written_anew(shelf: Shelf) -> None:
    rows = generated(3000)
    shelf.put(rows)
    nearest = shelf.nearest()
    shelf.search(rows[0], nearest=nearest)

    shelf.remove(*range(1, 2801))

    assert alike(shelf.search(rows[0], nearest=nearest), shelf.exact(rows[0]))
    left = read_signs(shelf.path, model="model", dimensions=DIMENSIONS)
    assert left is not None
    assert len(left.ids) == 200


def test_what_another_process_removes_while_the_file_is_written_is_not_in_it(shelf: Shelf) -> None:
    rows = generated(300)
    shelf.put(rows)
    nearest = shelf.nearest()

    class Removing(Event):
        """Asked before each block is read: what was listed is removed before it is written."""

        def is_set(self) -> bool:
            shelf.remove(7)
            return False

    with shelf.database.reading_aside() as connection:
        made = nearest.in_order(connection, Removing())

    filed = read_signs(shelf.path, model="model", dimensions=DIMENSIONS)
    assert made is not None
    assert filed is not None
    assert made.ids.tolist() == filed.ids.tolist() == [number for number in range(1, 301) if number != 7]


def test_only_the_scopes_that_are_named_are_searched(shelf: Shelf) -> None:
    rows = generated(3000)
    shelf.put(rows, scope=0)
    shelf.put(rows[:5], first=9001, scope=1)

    assert {record for record, _ in shelf.search(rows[0], [1])} == {9001, 9002, 9003, 9004, 9005}
    assert not {record for record, _ in shelf.search(rows[0], [0])} & {9001, 9002, 9003, 9004, 9005}
    assert shelf.search(rows[0], [5]) == []


def test_the_file_is_for_its_owner_alone(shelf: Shelf) -> None:
    shelf.put(generated(300))

    shelf.search(generated(1)[0])

    assert stat.S_IMODE(shelf.path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_done_without(shelf: Shelf) -> None:
    rows = generated(300)
    shelf.put(rows)
    shelf.path.mkdir()

    assert shelf.search(rows[7])[0][0] == 8


def changed_head(**fields: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        head = json.loads(content[:HEAD_BYTES]) | fields
        return json.dumps(head).encode().ljust(HEAD_BYTES) + content[HEAD_BYTES:]

    return change


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "a head alone": lambda content: content[:HEAD_BYTES],
    "cut short": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "a bit of a number": lambda content: content[:HEAD_BYTES] + b"\1" + content[HEAD_BYTES + 1 :],
    "a bit of a sign": lambda content: content[: -BLOCK * 8] + b"\xff" + content[-BLOCK * 8 + 1 :],
    "zeros": lambda content: bytes(len(content)),
    "no JSON": lambda content: b"\xff" * len(content),
    "deep JSON": lambda content: b"[" * len(content),
    "a list": lambda content: b"[]".ljust(HEAD_BYTES) + content[HEAD_BYTES:],
    "another model": changed_head(model="other"),
    "other dimensions": changed_head(dimensions=64),
    "a later format": changed_head(format="roost signs 99"),
    "no count": changed_head(count=None),
    "a huge count": changed_head(count=2**62),
    "a count below zero": changed_head(count=-1),
    "a count that is a word": changed_head(count="300"),
    "another highest number": changed_head(highest=5),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_anew(shelf: Shelf, damage: str) -> None:
    rows = generated(300)
    shelf.put(rows)
    expected = shelf.search(rows[7])
    sound = shelf.path.read_bytes()
    shelf.path.write_bytes(DAMAGES[damage](sound))

    assert shelf.search(rows[7]) == expected
    assert shelf.path.read_bytes() == sound


def test_a_file_of_another_database_is_made_anew(shelf: Shelf) -> None:
    rows, others = generated(300), generated(300, seed=8)
    shelf.put(others)
    shelf.search(others[0])
    strange = shelf.path.read_bytes()
    with shelf.database.writing() as connection:
        connection.execute("DELETE FROM notes_vectors")
        connection.execute("DELETE FROM sqlite_sequence")
    shelf.put(rows)

    assert shelf.search(rows[7])[0][0] == 8
    assert shelf.path.read_bytes() != strange


def test_a_database_put_back_from_an_older_copy_has_its_file_made_anew(shelf: Shelf) -> None:
    rows = generated(300)
    shelf.put(rows)
    shelf.search(rows[0])
    with shelf.database.writing() as connection:
        connection.execute("DELETE FROM notes_vectors WHERE id > 200")
        connection.execute("UPDATE sqlite_sequence SET seq = 200")

    shelf.search(rows[0])

    signs = read_signs(shelf.path, model="model", dimensions=DIMENSIONS)
    assert signs is not None
    assert len(signs.ids) == 200


def test_a_vector_that_is_damaged_in_the_database_is_passed_over(shelf: Shelf) -> None:
    rows = generated(300)
    shelf.put(rows)
    with shelf.database.writing() as connection:
        connection.execute("UPDATE notes_vectors SET halves = x'00' WHERE record = 1")
        no_number = np.full(DIMENSIONS, np.nan, "<f2").tobytes()
        connection.execute("UPDATE notes_vectors SET halves = ? WHERE record = 2", (no_number,))

    assert shelf.search(rows[7])[0][0] == 8
    assert shelf.exact(rows[7])[0][0] == 8


@pytest.mark.parametrize("dimensions", [1, 3, 64, 100, 384, 768, 1024, 1536, 4096])
def test_signs_tell_near_from_far_in_any_number_of_dimensions(dimensions: int) -> None:
    random = np.random.default_rng(1)
    row = random.standard_normal((1, dimensions)).astype(np.float32)
    near = row + np.float32(0.05) * random.standard_normal((1, dimensions)).astype(np.float32)

    def differing(other: NDArray[np.float32]) -> int:
        return int(np.bitwise_count(bits_of(row) ^ bits_of(other)).sum())

    assert differing(row) == 0
    assert differing(near) <= differing(-row)
    assert differing(-row) >= 200


def test_rows_that_cannot_be_used_are_told() -> None:
    assert unusable(np.zeros((2, 3), np.float32), 2) == ""
    assert unusable(np.zeros((2, 0), np.float32), 2) != ""


WRITER = """
import sys
from pathlib import Path
import numpy as np
from store.search.sign_file import write_signs
from store.search.signs import bits_of, no_signs
path, count = Path(sys.argv[1]), int(sys.argv[2])
rows = np.random.default_rng(count).standard_normal((count, 256)).astype(np.float32)
numbers = np.arange(count)
table = no_signs(256).with_rows(numbers, numbers, bits_of(rows))
print("ready", flush=True)
while True:
    write_signs(path, table, model="model", dimensions=256)
    print("written", flush=True)
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_a_whole_file_and_no_lasting_drafts(tmp_path: Path) -> None:
    path = tmp_path / "notes.signs"
    sound = 0

    for kill in range(8):
        count = 60_000 + kill
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(count)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(1 + kill % 3):
            writer.stdout.readline()
        for _ in range(kill * 400):
            path.exists()  # a while, in work rather than in seconds
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        kept = read_signs(path, model="model", dimensions=256)
        sound += kept is not None and len(kept.ids) <= count
        assert kept is not None or not path.exists()

    write_signs(
        path,
        no_signs(256).with_rows(np.arange(3), np.arange(3), bits_of(np.eye(3, 256, dtype=np.float32))),
        model="model",
        dimensions=256,
    )
    assert sound >= 5
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
