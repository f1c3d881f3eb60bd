import os
import stat
from pathlib import Path

import pytest

from core.errors import OutsideWorkspace, ToolError
from core.ledger import digest_of
from core.views import FileChange
from tests.tool.filing import make_tree, names_in, ran, said, services_at
from tool.read_file import ReadFile
from tool.write_file import WriteFile


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    return WriteFile(services_at(tmp_path))


async def read(write_file: WriteFile, path: str) -> None:
    await ran(ReadFile(write_file.services), path=path)


async def test_a_new_file_is_written_with_its_folders(write_file: WriteFile, tmp_path: Path) -> None:
    result = await ran(write_file, path="new/deep/notes.txt", content="alpha\nbeta\n")

    assert (tmp_path / "new" / "deep" / "notes.txt").read_bytes() == b"alpha\nbeta\n"
    assert result.text == "Created new/deep/notes.txt (2 lines)."
    assert result.view == FileChange(
        path="new/deep/notes.txt",
        diff="@@ -0,0 +1,2 @@\n+alpha\n+beta",
        created=True,
        digest=digest_of(b"alpha\nbeta\n"),
    )
    assert names_in(tmp_path / "new" / "deep") == ["notes.txt"]


async def test_what_was_written_may_be_written_again(write_file: WriteFile, tmp_path: Path) -> None:
    await ran(write_file, path="a.txt", content="one")
    result = await ran(write_file, path="a.txt", content="two")

    assert result.text == "Wrote a.txt (1 line)."
    assert (tmp_path / "a.txt").read_text() == "two"


async def test_a_file_that_was_never_read_is_not_replaced(write_file: WriteFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("precious")

    with pytest.raises(ToolError) as raised:
        await ran(write_file, path="a.txt", content="new")

    assert str(raised.value) == (
        "'a.txt' is there already, and you have not read it. "
        "Read it with read_file first, or change a part of it with edit_file."
    )
    assert (tmp_path / "a.txt").read_text() == "precious"


async def test_a_file_that_changed_since_is_not_replaced(write_file: WriteFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    await read(write_file, "a.txt")
    (tmp_path / "a.txt").write_text("one\n2\n")

    with pytest.raises(ToolError) as raised:
        await ran(write_file, path="a.txt", content="new")

    assert str(raised.value) == (
        "'a.txt' is no longer as you saw it. Read it again, then write what is right now. What changed:\n"
        "@@ -1,2 +1,2 @@\n one\n-two\n+2"
    )
    assert (tmp_path / "a.txt").read_text() == "one\n2\n"


async def test_an_empty_file_hides_nothing(write_file: WriteFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()

    assert await said(write_file, path="a.txt", content="x") == "Wrote a.txt (1 line)."


async def test_the_same_content_changes_nothing(write_file: WriteFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("same\n")
    await read(write_file, "a.txt")
    before = (tmp_path / "a.txt").stat()

    result = await ran(write_file, path="a.txt", content="same\n")

    assert result.text == "Unchanged: a.txt (1 line)."
    assert isinstance(result.view, FileChange)
    assert result.view.diff == ""
    assert (tmp_path / "a.txt").stat() == before


@pytest.mark.parametrize(
    ("before", "content", "after"),
    [
        (b"a\r\nb\r\n", "a\nc\n", b"a\r\nc\r\n"),
        (b"a\r\nb\r\n", "a\r\nc\n", b"a\r\nc\n"),
        (b"\xef\xbb\xbfa\n", "b\n", b"\xef\xbb\xbfb\n"),
        (b"caf\xe9\n", "th\xe9\n", b"th\xe9\n"),
        ("\ufeffa\n".encode("utf-16-le"), "b\n", "\ufeffb\n".encode("utf-16-le")),
    ],
)
async def test_line_ends_and_encoding_stay(
    before: bytes, content: str, after: bytes, write_file: WriteFile, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(before)
    await read(write_file, "a.txt")

    await ran(write_file, path="a.txt", content=content)

    assert (tmp_path / "a.txt").read_bytes() == after


async def test_what_the_encoding_cannot_hold_makes_it_utf_8(write_file: WriteFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9\n")
    await read(write_file, "a.txt")

    text = await said(write_file, path="a.txt", content="\N{SNOWMAN}\n")

    assert text == "Wrote a.txt (1 line).\n(It was in latin-1, which cannot hold this: now UTF-8.)"
    assert (tmp_path / "a.txt").read_text() == "\N{SNOWMAN}\n"


async def test_the_mode_stays_and_a_new_file_has_the_usual_one(write_file: WriteFile, tmp_path: Path) -> None:
    make_tree(tmp_path, "run.sh", "usual")
    (tmp_path / "run.sh").chmod(0o750)
    await read(write_file, "run.sh")

    await ran(write_file, path="run.sh", content="echo\n")
    await ran(write_file, path="new", content="x")

    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o750
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


async def test_a_link_inside_is_written_through(write_file: WriteFile, tmp_path: Path) -> None:
    make_tree(tmp_path, "real.txt")
    (tmp_path / "link.txt").symlink_to("real.txt")
    await read(write_file, "link.txt")

    await ran(write_file, path="link.txt", content="new")

    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


async def test_a_link_that_leads_out_is_refused(write_file: WriteFile, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path.parent / "elsewhere.txt")

    with pytest.raises(OutsideWorkspace):
        await ran(write_file, path="out", content="x")
    with pytest.raises(OutsideWorkspace):
        await ran(write_file, path="../elsewhere.txt", content="x")

    assert not (tmp_path.parent / "elsewhere.txt").exists()


async def test_a_file_swapped_for_a_link_after_it_was_read_is_refused(
    write_file: WriteFile, tmp_path: Path
) -> None:
    make_tree(tmp_path, "a.txt", "b.txt")
    await read(write_file, "a.txt")
    (tmp_path / "a.txt").unlink()
    (tmp_path / "a.txt").symlink_to("b.txt")

    with pytest.raises(ToolError, match="is there already, and you have not read it"):
        await ran(write_file, path="a.txt", content="x")

    assert (tmp_path / "b.txt").read_text() == "b.txt\n"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("folder", "'folder' is a folder. It holds nothing."),
        ("pipe", "'pipe' is a pipe. Only regular files can be used."),
        (
            "file/below",
            "'below' cannot be written: a file is where its folder should be. Look at the folder and its rights.",
        ),
        (
            "x" * 300,
            f"{'x' * 300!r} cannot be written: File name too long. Look at the folder and its rights.",
        ),
    ],
)
async def test_what_cannot_be_written_is_answered(
    path: str, message: str, write_file: WriteFile, tmp_path: Path
) -> None:
    make_tree(tmp_path, "folder/", "file")
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ToolError) as raised:
        await ran(write_file, path=path, content="x")

    assert str(raised.value) == message
    assert names_in(tmp_path) == ["file", "folder", "pipe"]


@pytest.mark.parametrize(
    ("path", "content", "remark"),
    [
        ("a.py", "x = 1\n", "(It parses as Python.)"),
        ("a.py", "x = (\n", "(It does not parse as Python: line 1: '(' was never closed)"),
        ("a.json", '{"a": 1}', "(It parses as JSON.)"),
        (
            "a.json",
            '{"a": 1,}',
            "(It does not parse as JSON: ",
        ),
        ("a.toml", "a = 1\n", "(It parses as TOML.)"),
        ("a.toml", "a = \n", "(It does not parse as TOML: Invalid value (at line 1, column 5))"),
    ],
)
async def test_the_answer_says_whether_it_parses(
    path: str, content: str, remark: str, write_file: WriteFile
) -> None:
    text = await said(write_file, path=path, content=content)

    assert text.startswith(f"Created {path} (1 line).\n{remark}")
