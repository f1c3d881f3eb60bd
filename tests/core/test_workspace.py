"""The only way from a model's path to a real one."""

from pathlib import Path

import pytest

from core.errors import OutsideWorkspace, PermissionDenied, ToolError
from core.workspace import Workspace


@pytest.mark.parametrize("name", ["a.txt", "./a.txt", "inner/../a.txt", "//a.txt"[1:]])
def test_a_path_within_the_workspace_is_resolved(tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path)
    given = str(tmp_path / "a.txt") if name.startswith("/") else name

    assert workspace.name_of(workspace.resolve(given)) == "a.txt"


@pytest.mark.parametrize("name", ["..", "../x", "/etc/passwd", "inner/../../x", "way-out/x"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "way-out").symlink_to(tmp_path)

    with pytest.raises(OutsideWorkspace) as caught:
        Workspace(root).resolve(name)

    assert str(caught.value) == f"{name!r} is outside the workspace. Use a path below {root}."


@pytest.mark.parametrize("name", ["a\0b", "loop/x/y"])
def test_what_can_be_no_path_is_said_to_be_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises(ToolError):
        Workspace(tmp_path).resolve(name)


@pytest.fixture
def linked(tmp_path: Path) -> Workspace:
    """`docs` and `notes.txt` are links within the workspace, `alias` is one to it; nothing in `private` is for tools."""
    root = tmp_path / "root"
    (root / "src" / "deep").mkdir(parents=True)
    (root / "docs").symlink_to("src/deep")
    (root / "notes.txt").symlink_to("src/a.txt")
    (tmp_path / "alias").symlink_to("root")
    return Workspace(root, lambda path, effect: "it is private" if "/private" in path else "")


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("new.txt", "new.txt"),
        ("src/deep/../new.txt", "src/new.txt"),
        ("notes.txt", "src/a.txt"),
        ("{above}/alias/src/new.txt", "src/new.txt"),
        ("{above}/alias/notes.txt", "src/a.txt"),
    ],
)
def test_a_file_is_written_to_by_the_names_of_its_folders(linked: Workspace, path: str, real: str) -> None:
    asked = path.replace("{above}", str(linked.root.parent))

    assert linked.name_of(linked.to_write(asked)) == real


@pytest.mark.parametrize(
    "path", ["docs/new.txt", "docs/../new.txt", "src/../docs/new.txt", "{above}/alias/docs/new.txt"]
)
def test_a_way_through_a_linked_folder_is_not_written_to(linked: Workspace, path: str) -> None:
    with pytest.raises(PermissionDenied, match=r"goes through a link\. Write to 'src/\S*new\.txt' itself\."):
        linked.to_write(path.replace("{above}", str(linked.root.parent)))


def test_a_way_out_and_back_in_is_not_written_to(linked: Workspace) -> None:
    outside = linked.root.parent / "outside"
    outside.mkdir()
    (linked.root / "out").symlink_to(outside)
    (outside / "back.txt").symlink_to(linked.root / "src" / "a.txt")

    with pytest.raises(PermissionDenied, match="goes through a link"):
        linked.to_write("out/back.txt")


def test_what_is_forbidden_is_so_under_its_name_and_under_every_other(linked: Workspace) -> None:
    (linked.root / "private").mkdir()
    (linked.root / "plain.txt").symlink_to("private/a.txt")

    for path in ("private/a.txt", "plain.txt", "src/../private/a.txt"):
        with pytest.raises(PermissionDenied, match=r"was refused: it is private\. Find another way"):
            linked.to_read(path)
        with pytest.raises(PermissionDenied, match=r"was refused: it is private\. Find another way"):
            linked.to_write(path)


def test_a_folder_outside_is_not_held(linked: Workspace) -> None:
    with pytest.raises(OSError, match="it is outside the workspace"):
        linked.hold(linked.root.parent)
