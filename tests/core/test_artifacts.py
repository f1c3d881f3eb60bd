"""Long outputs stay in the project, whatever its author put where they go."""

import os
from pathlib import Path

import pytest

from core.artifacts import artifacts_in, new_artifact, opened_artifact


def test_a_new_file_is_made_with_its_folders_and_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / ".roost" / "artifacts"

    with new_artifact(folder, "a.txt") as file:
        file.write(b"text")

    with opened_artifact(folder / "a.txt") as file:
        assert file.read() == b"text"
    assert (tmp_path / ".roost" / ".gitignore").read_text() == "artifacts/\n"


def test_git_is_told_once_to_leave_them_out(tmp_path: Path) -> None:
    folder, ignored = tmp_path / ".roost" / "artifacts", tmp_path / ".roost" / ".gitignore"
    new_artifact(folder, "a").close()
    ignored.write_text("mine\n")

    new_artifact(folder, "b").close()

    assert ignored.read_text() == "mine\n"


@pytest.mark.parametrize("name", [".roost", ".roost/artifacts", ".roost/.gitignore"])
def test_no_link_of_the_repository_is_followed(tmp_path: Path, name: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / ".roost").mkdir(parents=True)
    outside.mkdir()
    if name == ".roost":
        (root / ".roost").rmdir()
    (root / name).symlink_to(outside / "new" if name.endswith("ignore") else outside)

    try:
        with artifacts_in(root / ".roost" / "artifacts") as held:
            held.replace("a.txt", b"text")
    except OSError:
        pass

    assert list(outside.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="has no rights of this kind")
def test_the_folder_is_for_its_owner_alone_even_if_it_was_there(tmp_path: Path) -> None:
    folder = tmp_path / ".roost" / "artifacts"
    folder.mkdir(parents=True)
    folder.chmod(0o777)

    new_artifact(folder, "a").close()

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
