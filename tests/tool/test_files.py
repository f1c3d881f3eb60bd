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
