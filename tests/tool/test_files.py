from pathlib import Path

import pytest

from core.errors import ToolError
from core.workspace import Workspace
from tool.files import content_of, difference, write_atomically


def test_a_difference_has_the_line_numbers_of_the_file() -> None:
    before = "".join(f"{number}\n" for number in range(1, 10_001))
    after = before.replace("\n5000\n", "\nfive\n")

    diff = difference(before, after)

    assert diff == "@@ -4997,7 +4997,7 @@\n 4997\n 4998\n 4999\n-5000\n+five\n 5001\n 5002\n 5003"


def test_a_long_difference_is_cut() -> None:
    diff = difference("", "".join(f"{number}\n" for number in range(1_000)))

    assert diff.count("\n") == 400
    assert diff.endswith("\n... 601 more lines of difference")


def test_texts_too_long_to_compare_are_counted() -> None:
    before, after = "a\n" * 3_000, "b\n" * 3_000

    assert difference(before, after) == "@@ 3,000 lines from 1 on replaced by 3,000 @@"


def test_the_same_text_has_no_difference() -> None:
    assert difference("a\n", "a\n") == ""


def test_a_file_too_large_to_edit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(33_000_000)

    with pytest.raises(ToolError) as raised:
        content_of(Workspace(tmp_path), "large")

    assert str(raised.value) == "'large' is larger than 32 MB. Change it with a command."


def test_a_path_that_became_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "swapped").symlink_to("target")

    write_atomically(tmp_path / "swapped", b"new")

    assert (tmp_path / "target").read_text() == "kept"
    assert not (tmp_path / "swapped").is_symlink()
