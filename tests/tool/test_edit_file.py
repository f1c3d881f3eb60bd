from pathlib import Path

import pytest

from core.errors import ToolError
from core.ledger import digest_of
from core.profile import ModelProfile
from core.views import FileChange
from tests.tool.filing import ran, said, services_at
from tool.edit_file import EditFile
from tool.read_file import ReadFile

LINES = "".join(f"line {number}\n" for number in range(1, 31))


@pytest.fixture
def edit_file(tmp_path: Path) -> EditFile:
    return EditFile(services_at(tmp_path))


async def test_the_changed_region_is_shown(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LINES)

    result = await ran(edit_file, path="a.txt", old="line 10\n", new="ten\nand a half\n")

    after = LINES.replace("line 10\n", "ten\nand a half\n")
    assert (tmp_path / "a.txt").read_text() == after
    assert result.text == (
        "Edited a.txt, line 10:\n     7  line 7\n     8  line 8\n     9  line 9\n"
        "    10  ten\n    11  and a half\n    12  line 11\n    13  line 12\n    14  line 13\n    15  line 14"
    )
    assert result.view == FileChange(
        path="a.txt",
        diff="@@ -7,7 +7,8 @@\n line 7\n line 8\n line 9\n-line 10\n+ten\n+and a half\n line 11\n line 12\n line 13",
        created=False,
        digest=digest_of(after.encode()),
    )


async def test_a_long_region_is_cut_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("start\nold\nend\n")
    edit_file = EditFile(services_at(tmp_path, ModelProfile(output_chars=2_000)))

    text = await said(edit_file, path="a.txt", old="old", new="\n".join(["x" * 300] * 100))

    assert len(text) <= 2_000
    assert "\n       ... 78 lines ...\n" in text
    assert text.endswith("   102  end")


async def test_several_places_are_refused_or_all_replaced(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\none\nthree\none\n")

    with pytest.raises(ToolError) as raised:
        await ran(edit_file, path="a.txt", old="one", new="1\n1")

    assert str(raised.value) == (
        "old stands 3 times in 'a.txt', at lines 1, 3, 5. "
        "Add lines beside it to old and new, or set replace_all.\n"
        "     1  one\n     2  two\n     3  one\n     4  three\n     5  one"
    )
    text = await said(edit_file, path="a.txt", old="one", new="1\n1", replace_all=True)
    assert text.startswith("Edited a.txt, 3 places (lines 1, 4, 7). The first:\n     1  1\n     2  1\n")
    assert (tmp_path / "a.txt").read_text() == "1\n1\ntwo\n1\n1\nthree\n1\n1\n"


async def test_very_many_places_are_named_in_a_few_lines(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("filler\nfiller\none\n" * 1_000)

    with pytest.raises(ToolError) as raised:
        await ran(edit_file, path="a.txt", old="one", new="1")

    assert "old stands 1000 times in 'a.txt', at lines 3, 6, 9, " in str(raised.value)
    assert str(raised.value).count("\n") <= 15


async def test_a_miss_shows_the_closest_lines(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    return 1\n\n\ndef g():\n    return 2\n")

    with pytest.raises(ToolError) as raised:
        await ran(edit_file, path="a.py", old="def g():\n    return 3\n", new="x")

    assert str(raised.value) == (
        "old is not in 'a.py'. Copy old exactly from the file. The closest lines are:\n"
        "     5  def g():\n     6  return 2".replace("return", "    return")
    )


async def test_a_miss_of_many_lines_shows_fifteen_at_most(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LINES)

    with pytest.raises(ToolError) as raised:
        await ran(edit_file, path="a.txt", old=LINES.replace("line 20", "line twenty"), new="x")

    assert str(raised.value).count("\n") == 15
    assert "\n    20  line 20\n" in str(raised.value)


async def test_an_edit_that_is_done_already_is_recognised(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("zero\nnew text\n")

    with pytest.raises(ToolError, match="But new is, at line 2: it may be done already"):
        await ran(edit_file, path="a.txt", old="xyzzy", new="new text")


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        (b"a\r\nb\r\nc", "a\nb", "a\nx\nb", b"a\r\nx\r\nb\r\nc"),
        (b"a\r\nb\r\n", "a\r\nb\r\n", "x\n", b"x\r\n"),
        (b"\xef\xbb\xbfa\nb\n", "a", "x", b"\xef\xbb\xbfx\nb\n"),
        (b"caf\xe9\n", "caf\xe9", "th\xe9", b"th\xe9\n"),
        ("\ufeffa\r\nb".encode("utf-16-le"), "a\nb", "b\na", "\ufeffb\r\na".encode("utf-16-le")),
        (b"a\nb", "b", "c", b"a\nc"),
        (b"a\n\n\n", "a\n", "b\n", b"b\n\n\n"),
        (b"\ta\r\n\tb\r\n", "    a\n    b", "    a\n    c", b"\ta\r\n\tc\r\n"),
    ],
)
async def test_line_ends_encoding_and_indentation_stay(
    before: bytes, old: str, new: str, after: bytes, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(before)

    await ran(EditFile(services_at(tmp_path)), path="a.txt", old=old, new=new)

    assert (tmp_path / "a.txt").read_bytes() == after


async def test_a_match_that_is_not_exact_is_told(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("if a:\n    if b:\n        c()\n")

    text = await said(edit_file, path="a.py", old="if b:\n    c()\n", new="if b:\n    d()\n")

    assert text == (
        "Edited a.py, line 2:\n     1  if a:\n     2      if b:\n     3          d()\n"
        "(Matched although the indentation differs: check it.)\n(It parses as Python.)"
    )


@pytest.mark.parametrize(
    ("before", "old", "new", "remark"),
    [
        ("x = 1\n", "1", "2", "(It parses as Python.)"),
        ("x = 1\n", "1", "(", "(It no longer parses as Python: line 1: '(' was never closed)"),
        ("x = (\n", "x", "y", "(It still does not parse as Python: line 1: '(' was never closed)"),
    ],
)
async def test_the_answer_says_whether_the_file_still_parses(
    before: str, old: str, new: str, remark: str, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text(before)

    assert (await said(EditFile(services_at(tmp_path)), path="a.py", old=old, new=new)).endswith(
        f"\n{remark}"
    )


async def test_a_file_that_changed_since_it_was_read_is_edited_and_it_is_told(
    edit_file: EditFile, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    await ran(ReadFile(edit_file.services), path="a.txt")
    (tmp_path / "a.txt").write_text("zero\none\ntwo\n")

    first = await said(edit_file, path="a.txt", old="two", new="2")
    second = await said(edit_file, path="a.txt", old="one", new="1")

    assert first.endswith("\n(The file had changed since you saw it last.)")
    assert "changed" not in second
    assert (tmp_path / "a.txt").read_text() == "zero\n1\n2\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (
            "a.txt",
            "",
            "x",
            "old is empty: it has to say where the edit goes. "
            "Give the line beside it, also in new; write_file writes a whole file.",
        ),
        ("a.txt", "a", "a", "old and new are the same. Give in new what old is to become."),
        ("a.txt", "caf\xe9  ", "caf\xe9", "'a.txt' would not change. Give in new what old is to become."),
        (
            "a.txt",
            "caf\xe9",
            "\N{SNOWMAN}",
            "'a.txt' is in latin-1, which has no '\N{SNOWMAN}'. Use other characters, or write the whole file anew.",
        ),
        ("image", "a", "b", "'image' is a PNG image. Only text files can be edited."),
        ("b.txt", "a", "b", "There is no 'b.txt'. Did you mean a.txt?"),
        (".", "a", "b", "'.' is a folder. It holds a.txt, image."),
    ],
)
async def test_what_cannot_be_edited_is_answered(
    path: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9\n")
    (tmp_path / "image").write_bytes(b"\x89PNG")

    with pytest.raises(ToolError) as raised:
        await ran(EditFile(services_at(tmp_path)), path=path, old=old, new=new)

    assert str(raised.value) == message
    assert (tmp_path / "a.txt").read_bytes() == b"caf\xe9\n"


@pytest.mark.slow
async def test_a_miss_in_a_large_file_shows_the_closest_lines(edit_file: EditFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "".join(f"some line of text, number {number}\n" for number in range(200_000))
    )

    with pytest.raises(ToolError, match="The closest lines are:"):
        await ran(edit_file, path="a.txt", old="some line of text, numbr 77\nanother", new="x")
