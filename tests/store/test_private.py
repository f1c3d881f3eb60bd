"""Files and folders that are closed to others from their first moment on."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.private import (
    appended,
    make_private_folder,
    new_private_file,
    private_descriptor,
    replace_private_file,
)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private_folder(folder)
    with appended(folder / "log") as log:
        log.write("x")
    new_private_file(folder / "new").close()
    replace_private_file(folder / "kept", b"x", sync=True)

    assert [mode(path) for path in (tmp_path / "a", folder)] == [0o700, 0o700]
    assert [mode(path) for path in folder.iterdir()] == [0o600] * 3


def test_what_was_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    folder.chmod(0o777)
    for name in ("log", "kept"):
        (folder / name).write_text("before\n")
        (folder / name).chmod(0o666)

    make_private_folder(folder)
    with appended(folder / "log") as log:
        log.write("after\n")
    replace_private_file(folder / "kept", b"after")

    assert (folder / "log").read_text() == "before\nafter\n"
    assert [mode(path) for path in (folder, folder / "log", folder / "kept")] == [0o700, 0o600, 0o600]


def test_what_is_no_folder_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o644)

    make_private_folder(tmp_path / "file")

    assert mode(tmp_path / "file") == 0o644


def test_a_new_file_replaces_none(tmp_path: Path) -> None:
    (tmp_path / "there").touch()

    with pytest.raises(FileExistsError):
        new_private_file(tmp_path / "there")


def test_a_draft_that_cannot_be_put_in_place_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()

    with pytest.raises(OSError, match="kept"):
        replace_private_file(tmp_path / "kept", b"x")

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_there_is_no_moment_of_wider_rights(tmp_path: Path) -> None:
    """Many make the same files while one watches."""
    before = os.umask(0)
    seen: set[int] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for path in tmp_path.rglob("*"):
                try:
                    seen.add(mode(path))
                except FileNotFoundError:
                    continue

    def make(number: int) -> None:
        for round_ in range(60):
            folder = tmp_path / f"{round_}" / "state"
            make_private_folder(folder)
            replace_private_file(folder / "kept", b"x")
            os.close(private_descriptor(folder / "log", os.O_WRONLY | os.O_CREAT))

    watching = threading.Thread(target=watch)
    making = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    try:
        watching.start()
        for thread in making:
            thread.start()
        for thread in making:
            thread.join()
    finally:
        over.set()
        watching.join()
        os.umask(before)

    assert seen <= {0o600, 0o700}
    assert {mode(path) for path in tmp_path.rglob("*")} == {0o600, 0o700}
