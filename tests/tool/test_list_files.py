from pathlib import Path

import pytest

from core.errors import OutsideWorkspace, ToolError
from core.profile import ModelProfile
from core.views import PathList
from tests.tool.filing import make_tree, ran, said, services_at
from tool.list_files import ListFiles


@pytest.fixture
def list_files(tmp_path: Path) -> ListFiles:
    return ListFiles(services_at(tmp_path))


async def test_a_tree_is_shown_to_its_depth(list_files: ListFiles, tmp_path: Path) -> None:
    make_tree(
        tmp_path, "README.md", "src/app.py", "src/lib/a.py", "src/lib/b.py", "empty/", ".git/HEAD", "x.tmp"
    )
    (tmp_path / ".gitignore").write_text("*.tmp\n")

    result = await ran(list_files)

    tree = ".gitignore\nREADME.md\nempty/\nsrc/\n  app.py\n  lib/ (2 inside)"
    assert result.text == tree
    assert result.view == PathList(root=".", text=tree, count=6, complete=True)


async def test_a_folder_below_can_be_asked_for(list_files: ListFiles, tmp_path: Path) -> None:
    make_tree(tmp_path, "src/lib/a.py")

    assert await said(list_files, path="src", depth=1) == "lib/ (1 inside)"
    assert await said(list_files, path="src/lib") == "a.py"


async def test_an_empty_folder_says_so(list_files: ListFiles) -> None:
    assert await said(list_files) == "(empty)"


async def test_links_are_shown_and_not_followed(list_files: ListFiles, tmp_path: Path) -> None:
    make_tree(tmp_path, "a/")
    (tmp_path / "a" / "round").symlink_to("..")
    (tmp_path / "loop").symlink_to("loop")

    assert await said(list_files, depth=8) == "a/\n  round -> ..\nloop -> loop"


async def test_strange_names_are_shown_in_one_line(list_files: ListFiles, tmp_path: Path) -> None:
    (tmp_path / "two\nlines").write_text("")
    (tmp_path / "caf\udce9").write_text("")

    assert await said(list_files) == "caf\\udce9\ntwo\\nlines"


async def test_a_large_folder_does_not_hide_the_others(list_files: ListFiles, tmp_path: Path) -> None:
    make_tree(tmp_path, *(f"many/{number:04}.txt" for number in range(500)), "src/app.py")

    text = await said(list_files)

    assert text.startswith("many/\n  0000.txt\n")
    assert "\n  0059.txt\n  (440 more)\nsrc/\n  app.py\n" in text
    assert text.endswith("\n(440 entries not shown: list a folder below, or use find_files)")


@pytest.mark.parametrize(("names", "shown"), [(2_000, 200), (150, 150)])
async def test_the_number_of_entries_is_bounded(
    names: int, shown: int, list_files: ListFiles, tmp_path: Path
) -> None:
    make_tree(tmp_path, *(f"{number:05}" for number in range(names)))

    result = await ran(list_files)

    assert isinstance(result.view, PathList)
    assert (result.view.count, result.view.complete) == (shown, shown == names)
    assert ("(1,800 more)" in result.text) == (names == 2_000)


async def test_long_names_do_not_make_a_long_answer(tmp_path: Path) -> None:
    make_tree(tmp_path, *(f"{'long' * 50}{number}" for number in range(60)))
    list_files = ListFiles(services_at(tmp_path, ModelProfile(output_chars=2_000)))

    text = await said(list_files)

    assert len(text) <= 2_000
    assert "entries not shown" in text


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("nothing", ToolError, "There is no 'nothing'. The workspace holds src/."),
        ("sorc", ToolError, "There is no 'sorc'. Did you mean src?"),
        ("src/app.py", ToolError, "'src/app.py' is no folder. read_file shows a file."),
        (
            "src/app.py/x",
            ToolError,
            "There is no 'src/app.py/x'. src holds app.py.",
        ),
        ("..", OutsideWorkspace, "'..' is outside the workspace."),
        ("a\0b", ToolError, "is no path."),
    ],
)
async def test_what_cannot_be_listed_is_answered(
    path: str, error: type[ToolError], message: str, list_files: ListFiles, tmp_path: Path
) -> None:
    make_tree(tmp_path, "src/app.py")

    with pytest.raises(error) as raised:
        await ran(list_files, path=path)

    assert message in str(raised.value)


async def test_a_workspace_that_was_deleted_meanwhile_is_not_there(tmp_path: Path) -> None:
    make_tree(tmp_path, "project/", "projects/")
    list_files = ListFiles(services_at(tmp_path / "project"))
    (tmp_path / "project").rmdir()

    with pytest.raises(ToolError, match=r"There is no '\.'\."):
        await ran(list_files)
