import os
from pathlib import Path

import pytest

from core.errors import ToolError
from core.workspace import Workspace
from tool.files import content_of, write_atomically


def test_a_file_too_large_to_edit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(33_000_000)

    with pytest.raises(ToolError) as raised:
        content_of(Workspace(tmp_path), "large")

    assert str(raised.value) == "'large' is larger than 32 MB. Change it with a command."


def test_a_path_that_became_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "swapped").symlink_to("target")

    write_atomically(Workspace(tmp_path), tmp_path / "swapped", b"new")

    assert (tmp_path / "target").read_text() == "kept"
    assert not (tmp_path / "swapped").is_symlink()


def test_what_killed_writers_left_beside_a_file_goes_when_it_is_old(tmp_path: Path) -> None:
    left, new, other = ".roost-0123456789ab", ".roost-0123456789ac", ".roost-notes"
    for name, written_at in ((left, 1_000), (new, 9_000), (other, 1_000)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (written_at, written_at))

    write_atomically(Workspace(tmp_path), tmp_path / "a.txt", b"new", clock=lambda: 10_000)

    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", new, other}


def test_a_folder_that_may_not_be_listed_is_written_into(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o300)

    write_atomically(Workspace(tmp_path), folder / "a.txt", b"new")

    folder.chmod(0o700)
    assert (folder / "a.txt").read_bytes() == b"new"
