from pathlib import Path

import pytest

from core.errors import ToolError
from core.profile import ModelProfile
from core.views import PathList
from tests.tool.filing import make_tree, ran, said, services_at
from tool.find_files import FindFiles


@pytest.fixture
def find_files(tmp_path: Path) -> FindFiles:
    make_tree(tmp_path, "README.md", "src/app.py", "src/lib/test_app.py", "build/app.py", ".git/app.py")
    (tmp_path / ".gitignore").write_text("build/\n")
    return FindFiles(services_at(tmp_path))


@pytest.mark.parametrize(
    ("pattern", "path", "text"),
    [
        ("*.py", ".", "src/app.py\nsrc/lib/test_app.py"),
        ("./*.py", ".", "src/app.py\nsrc/lib/test_app.py"),
        ("lib/**", "src", "src/lib/test_app.py"),
        ("readme", ".", "README.md"),
        ("lib/test", ".", "src/lib/test_app.py"),
        ("app", "build", "build/app.py"),
        ("*.rs", ".", "No file below '.' matches '*.rs'."),
    ],
)
async def test_files_are_found_by_glob_or_by_a_part_of_their_path(
    pattern: str, path: str, text: str, find_files: FindFiles
) -> None:
    assert await said(find_files, pattern=pattern, path=path) == text


async def test_the_answer_is_bounded_and_says_how_many_are_left(tmp_path: Path) -> None:
    make_tree(tmp_path, *(f"{number:05}.txt" for number in range(500)))
    find_files = FindFiles(services_at(tmp_path, ModelProfile(output_chars=2_000)))

    result = await ran(find_files, pattern="*.txt")

    assert len(result.text) <= 2_000
    assert isinstance(result.view, PathList)
    assert (result.view.count, result.view.complete) == (500, False)
    assert result.text.endswith(" more: narrow the pattern or the path)")


@pytest.mark.parametrize(
    ("pattern", "path", "message"),
    [
        ("  ", ".", "The pattern is empty. Give a glob or a part of a name."),
        ("[z-a]", ".", "'[z-a]' is no glob: bad character range z-a at position 6. Use *, ** and ?."),
        ("*", "nowhere", "There is no 'nowhere'. The workspace holds README.md, build/, src/."),
        ("*", "README.md", "'README.md' is no folder. read_file shows a file."),
    ],
)
async def test_what_means_nothing_is_answered(
    pattern: str, path: str, message: str, find_files: FindFiles
) -> None:
    with pytest.raises(ToolError) as raised:
        await ran(find_files, pattern=pattern, path=path)

    assert str(raised.value).startswith(message.split(" at position")[0])
