"""Somebody swaps folders for links while files are opened: thousands of times, and in the very moment."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest

from core.beneath import Way, best_way, by_walking
from core.errors import ToolError
from core.linux_files import by_openat2
from core.permissions import Effect
from core.workspace import Workspace
from tests.tool.filing import services_at
from tool.files import content_if_any, opened, write_atomically
from tool.ignore import Walk, folder_of

TURNS = 5_000
LONGEST_SECONDS = 20.0
"""For so many turns; one that worked and one that did not are waited for however long that takes."""
AT_CWD, RENAME_EXCHANGE = -100, 2
WAYS = [by_walking, by_openat2] if best_way() is by_openat2 else [by_walking]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="swaps with a call of Linux")
both = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.txt").write_text("CANARY")
    (tmp_path / "root" / "folder").mkdir(parents=True)
    (tmp_path / "root" / "folder" / "a.txt").write_text("inside")
    return tmp_path / "root"


@contextmanager
def swapping(root: Path) -> Iterator[None]:
    """While the block runs, `folder` is a folder and a link that leads out, in turn and without a gap."""
    over, trouble = threading.Event(), list[int]()
    folder, link = os.fsencode(root / "folder"), os.fsencode(root.parent / "link")
    (root.parent / "link").symlink_to("../outside")
    exchange = ctypes.CDLL(None, use_errno=True).renameat2

    def swap() -> None:
        while not over.is_set() and not trouble:
            for _ in range(2):
                if exchange(AT_CWD, folder, AT_CWD, link, RENAME_EXCHANGE):
                    trouble.append(ctypes.get_errno())

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        yield
    finally:
        over.set()
        swapper.join()
    assert trouble == []


def until_over(act: Callable[[], bool]) -> tuple[int, int]:
    """How often `act` was done, and how often it said that it worked."""
    end, done, worked = monotonic() + LONGEST_SECONDS, 0, 0
    while not 0 < worked < done or (done < TURNS and monotonic() < end):
        done += 1
        with suppress(ToolError, OSError):
            worked += act()
    return done, worked


@pytest.mark.slow
@both
def test_what_is_read_is_never_outside(root: Path, way: Way) -> None:
    workspace = Workspace(root, way=way)

    def read() -> bool:
        with opened(workspace, "folder/a.txt") as (_, file):
            assert file.read() == b"inside"
            return True

    with swapping(root):
        done, worked = until_over(read)

    assert 0 < worked < done


@pytest.mark.slow
@both
def test_what_is_written_is_never_outside(root: Path, way: Way) -> None:
    workspace = Workspace(root, way=way)

    def write() -> bool:
        path, _ = content_if_any(workspace, "folder/new.txt")
        write_atomically(workspace, path, b"new")
        return True

    with swapping(root):
        done, worked = until_over(write)

    assert 0 < worked < done
    assert [entry.name for entry in (root.parent / "outside").iterdir()] == ["a.txt"]
    assert (root / "folder" / "new.txt").read_text() == "new"


@pytest.mark.slow
@both
def test_what_is_listed_is_never_outside(root: Path, way: Way) -> None:
    (root.parent / "outside" / "CANARY.txt").touch()
    services = services_at(root, way=way)

    def walk() -> bool:
        names = [Path(file).name for file in Walk(folder_of(services, "folder")).files()]
        assert "CANARY.txt" not in names
        return bool(names)

    with swapping(root):
        done, worked = until_over(walk)

    assert 0 < worked < done


@pytest.mark.slow
def test_the_same_swapping_leads_out_whoever_only_looks_before(root: Path) -> None:
    """What the tests above are worth: the race is real."""
    workspace = Workspace(root)
    found = b""

    with swapping(root):
        while found != b"CANARY":
            with suppress(ToolError, OSError):
                found = workspace.resolve("folder/a.txt").read_bytes()


@both
def test_a_folder_swapped_in_the_very_moment_after_the_look_is_not_followed(root: Path, way: Way) -> None:
    def swap(path: str, effect: Effect) -> str:
        """Asked after the path was resolved, before it is opened."""
        if not (root / "folder").is_symlink():
            (root / "folder").rename(root.parent / "aside")
            (root / "folder").symlink_to("../outside")
        return ""

    workspace = Workspace(root, swap, way)

    with pytest.raises(ToolError), opened(workspace, "folder/a.txt"):
        pass
    with pytest.raises(ToolError):
        write_atomically(workspace, root / "folder" / "new.txt", b"new")

    assert os.listdir(root.parent / "outside") == ["a.txt"]  # noqa: PTH208


@both
def test_a_file_swapped_for_a_link_in_the_very_moment_after_the_look_is_not_followed(
    root: Path, way: Way
) -> None:
    def swap(path: str, effect: Effect) -> str:
        (root / "folder" / "a.txt").unlink()
        (root / "folder" / "a.txt").symlink_to("../../outside/a.txt")
        return ""

    workspace = Workspace(root, swap, way)

    with pytest.raises(ToolError, match="is a link"), opened(workspace, "folder/a.txt"):
        pass
    write_atomically(workspace, root / "folder" / "a.txt", b"new")

    assert (root.parent / "outside" / "a.txt").read_text() == "CANARY"
    assert (root / "folder" / "a.txt").read_text() == "new"
