import os
import random
from hashlib import sha256
from pathlib import Path

import pytest

from store.objects import KEPT_SECONDS, SWEPT_EVERY_SECONDS, YOUNG_SECONDS, Objects
from tests.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
def objects(tmp_path: Path, clock: Clock) -> Objects:
    return Objects(tmp_path / "objects", kept_bytes=1_000, clock=clock)


def kept(objects: Objects, content: bytes, at: float) -> str:
    digest = objects.put(content)
    os.utime(objects.folder / digest[:2] / digest[2:], (at, at))
    return digest


def test_what_is_put_comes_back_under_its_digest(objects: Objects, tmp_path: Path) -> None:
    large = random.Random(1).randbytes(3_000_000)
    (tmp_path / "large").write_bytes(large)

    digest = objects.put(b"small")
    with (tmp_path / "large").open("rb") as file:
        large_digest = objects.put_file(file)

    assert digest == sha256(b"small").hexdigest()
    assert objects.get(digest) == b"small"
    assert objects.get(large_digest) == large
    assert objects.get("0" * 64) is None
    assert list((objects.folder / "new").iterdir()) == []


def test_what_was_damaged_does_not_come_back(objects: Objects) -> None:
    digest = objects.put(b"whole")
    (objects.folder / digest[:2] / digest[2:]).write_bytes(b"broken")

    assert objects.get(digest) is None


def test_a_write_that_fails_leaves_nothing(objects: Objects, tmp_path: Path) -> None:
    digest = sha256(b"x").hexdigest()
    objects.folder.mkdir()
    (objects.folder / digest[:2]).write_text("in the way")

    with pytest.raises(OSError, match="Not a directory"):
        objects.put(b"x")

    assert list((objects.folder / "new").iterdir()) == []


def test_the_old_and_then_the_oldest_of_too_many_are_thrown_away(objects: Objects, clock: Clock) -> None:
    ancient = kept(objects, b"a" * 10, clock.now - KEPT_SECONDS - 1)
    oldest = kept(objects, b"b" * 600, clock.now - 3 * YOUNG_SECONDS)
    older = kept(objects, b"c" * 500, clock.now - 2 * YOUNG_SECONDS)
    newest = kept(objects, b"d" * 400, clock.now)

    objects.sweep()

    assert [objects.has(digest) for digest in (ancient, oldest, older, newest)] == [False, False, True, True]


def test_what_is_young_stays_however_much_it_is(objects: Objects, clock: Clock) -> None:
    digests = [kept(objects, bytes([number]) * 900, clock.now - number) for number in range(5)]

    objects.sweep()

    assert all(objects.has(digest) for digest in digests)


def test_what_is_needed_again_is_young_again(objects: Objects, clock: Clock) -> None:
    digest = kept(objects, b"a", 0)

    objects.put(b"a")

    assert (objects.folder / digest[:2] / digest[2:]).stat().st_mtime > 0


def test_it_is_looked_after_once_a_day(objects: Objects, clock: Clock) -> None:
    objects.sweep()
    digest = kept(objects, b"a", 0)
    clock.now = (objects.folder / "swept").stat().st_mtime + SWEPT_EVERY_SECONDS / 2
    objects.sweep()
    is_there = (objects.folder / digest[:2] / digest[2:]).exists()
    clock.now += SWEPT_EVERY_SECONDS
    objects.sweep()

    assert is_there
    assert not (objects.folder / digest[:2] / digest[2:]).exists()
    assert (objects.folder / "swept").exists()
