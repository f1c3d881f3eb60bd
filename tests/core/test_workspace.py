"""The only way from a model's path to a real one."""

from pathlib import Path

import pytest

from core.errors import OutsideWorkspace, ToolError
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
