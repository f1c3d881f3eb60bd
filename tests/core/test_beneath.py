"""Nothing is opened outside a folder, whatever lies on the way and whatever is swapped."""

import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from core.beneath import (
    KINDS,
    Held,
    NotRegular,
    Way,
    best_way,
    by_path,
    by_walking,
    hold,
    opened_below,
    way_of,
)
from core.linux_files import by_openat2, file_system

WAYS = [by_walking, by_openat2] if best_way() is by_openat2 else [by_walking]
both = pytest.mark.parametrize("way", WAYS)
each = pytest.mark.parametrize("way", [*WAYS, by_path])
"""The last one is for systems that hold no folders, and is no match for somebody who swaps them."""


def refused(way_in: Callable[[], AbstractContextManager[object]]) -> bool:
    try:
        with way_in():
            return False
    except OSError:
        return True


@each
def test_a_file_is_read_by_its_real_path(tmp_path: Path, way: Way) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.txt").write_text("text")

    with opened_below(tmp_path, "a/b/c.txt", way=way) as file:
        assert file.read() == b"text"


@each
@pytest.mark.parametrize(
    "name",
    ["link/c.txt", "a/../a/c.txt", "../root/a/c.txt", "/etc/hostname", "a/link", "none/c.txt", "a/c.txt/d"],
)
def test_no_link_and_no_way_up_is_followed(tmp_path: Path, way: Way, name: str) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "c.txt").write_text("text")
    (root / "link").symlink_to("a")
    (root / "a" / "link").symlink_to("c.txt")

    assert refused(lambda: opened_below(root, name, way=way))


@each
@pytest.mark.parametrize("name", ["", ".", "a", "pipe", "link"])
def test_what_is_no_regular_file_says_what_it_is(tmp_path: Path, way: Way, name: str) -> None:
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("a")

    with pytest.raises(NotRegular) as raised, opened_below(tmp_path, name, way=way):
        pass

    kinds = {"pipe": stat.S_IFIFO, "link": stat.S_IFLNK}
    assert raised.value.kind == kinds.get(name, stat.S_IFDIR)
    assert str(raised.value) == f"it is {KINDS[raised.value.kind]}"


@both
@pytest.mark.parametrize("name", ["proc/self/environ", "proc/version", "sys/kernel/mm/ksm/run"])
def test_the_kernels_own_files_are_not_opened(way: Way, name: str) -> None:
    assert refused(lambda: opened_below("/", name, way=way))


@both
def test_a_folder_that_is_held_stays_the_one_it_is(tmp_path: Path, way: Way) -> None:
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "outside").mkdir()

    with hold(tmp_path / "root", "a", way=way) as held:
        (tmp_path / "root" / "a").rename(tmp_path / "root" / "b")
        (tmp_path / "root" / "a").symlink_to(tmp_path / "outside")
        held.replace("new", b"text")
        assert held.has("new")
        assert not held.has("other")

    assert (tmp_path / "root" / "b" / "new").read_bytes() == b"text"
    assert list((tmp_path / "outside").iterdir()) == []


@each
def test_missing_folders_are_made_and_links_among_them_are_not_followed(tmp_path: Path, way: Way) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)

    with hold(root, "a/b", make=True, way=way) as held:
        held.replace("new", b"text")
    assert refused(lambda: hold(root, "link/b", make=True, way=way))
    assert refused(lambda: hold(root, "a/b/new/c", make=True, way=way))

    assert (root / "a" / "b" / "new").read_bytes() == b"text"
    assert list(outside.iterdir()) == []


@each
def test_what_a_folder_holds_is_told(tmp_path: Path, way: Way) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to("/etc")

    with hold(tmp_path, "a", way=way) as held, held.scan() as entries:
        found = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
        target = held.target("link")

    assert (found, target) == ({"b": True, "link": False}, "/etc")


@each
def test_a_file_with_two_names_is_replaced_under_one_of_them(tmp_path: Path, way: Way) -> None:
    (tmp_path / "one").write_text("old")
    os.link(tmp_path / "one", tmp_path / "two")

    with hold(tmp_path, way=way) as held:
        with held.read("one") as file:
            assert file.read() == b"old"
        held.replace("one", b"new")

    assert ((tmp_path / "one").read_text(), (tmp_path / "two").read_text()) == ("new", "old")


def test_rights_are_kept_but_not_those_to_run_as_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    (tmp_path / "run").chmod(0o6754)

    with hold(tmp_path) as held:
        held.replace("run", b"new")

    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o754


def test_what_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with hold(tmp_path) as held, pytest.raises(IsADirectoryError):
        held.replace("folder", b"new")

    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("name", ["a/b", "..", "/etc/passwd"])
def test_a_name_in_a_folder_is_one_name(tmp_path: Path, name: str) -> None:
    with hold(tmp_path) as held, pytest.raises(OSError, match=r"it is no single name|it is a folder"):
        held.create(name)


def test_a_file_that_became_something_else_after_the_look_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")

    with hold(tmp_path) as held, pytest.raises(NotRegular):
        Swapped(held.path, held.descriptor, tmp_path / "a").read("a")


class Swapped(Held):
    """A pipe takes the place of a file between the look at it and its opening."""

    def __init__(self, path: str, descriptor: int | None, file: Path) -> None:
        super().__init__(path, descriptor)
        object.__setattr__(self, "file", file)

    def status(self, name: str) -> os.stat_result:
        found = super().status(name)
        file: Path = self.__dict__["file"]
        file.unlink()
        os.mkfifo(file)
        return found


@pytest.mark.parametrize(
    ("platform", "way"), [("linux", by_walking), ("darwin", by_walking), ("win32", by_path)]
)
def test_folders_are_walked_through_where_one_call_does_not_do(platform: str, way: Way) -> None:
    assert way_of(platform, by_path) is way


@pytest.mark.skipif(best_way() is by_walking, reason="this kernel has no openat2")
def test_one_call_is_taken_where_it_does() -> None:
    assert way_of("linux", by_openat2) is by_openat2


def test_a_file_system_that_cannot_be_told_is_not_trusted() -> None:
    assert file_system(-1) == "a file system that cannot be told"


def test_where_no_folder_can_be_held_none_is() -> None:
    with pytest.raises(OSError, match="not supported"):
        by_path(0, "a")


def test_no_folder_is_made_deeper_than_the_system_can_name_it(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="File name too long"), hold(tmp_path, "a/" * 2_000, make=True):
        pass

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("way", "mode"), [(best_way(), 0o700), (by_path, 0o755)])
def test_a_folder_is_closed_to_others_where_it_is_held(tmp_path: Path, way: Way, mode: int) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o755)

    with hold(tmp_path, "a", way=way) as held:
        held.close_to_others()

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode
