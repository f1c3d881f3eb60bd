from pathlib import Path

import pytest

from core.errors import ToolError
from tests.tool.filing import ran, said, services_at
from tool.replace_lines import ReplaceLines

CODE = "def f():\n    a = 1\n    b = 2\n    return a\n"


@pytest.fixture
def replace_lines(tmp_path: Path) -> ReplaceLines:
    (tmp_path / "a.py").write_text(CODE)
    return ReplaceLines(services_at(tmp_path))


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ((2, 2, "    a = 1", "    a = 7"), "def f():\n    a = 7\n    b = 2\n    return a\n"),
        ((2, 3, "a = 1", "    a = b = 0\n"), "def f():\n    a = b = 0\n    return a\n"),
        (
            (3, 3, "b  =  2", "    b = 2\n    c = 3"),
            "def f():\n    a = 1\n    b = 2\n    c = 3\n    return a\n",
        ),
        ((2, 3, "    a = 1", ""), "def f():\n    return a\n"),
        ((4, 4, "return a", "    return b"), "def f():\n    a = 1\n    b = 2\n    return b\n"),
        ((1, 4, "def f():", "pass"), "pass\n"),
    ],
)
async def test_whole_lines_are_replaced(
    replace_lines: ReplaceLines, tmp_path: Path, given: tuple[int, int, str, str], after: str
) -> None:
    start, end, first, new = given

    text = await said(replace_lines, path="a.py", start=start, end=end, first=first, new=new)

    assert (tmp_path / "a.py").read_text() == after
    assert text.startswith(f"Edited a.py, line {start}:")


async def test_a_line_that_moved_is_not_hit_and_its_place_is_told(
    replace_lines: ReplaceLines, tmp_path: Path
) -> None:
    await ran(replace_lines, path="a.py", start=1, end=1, first="def f():", new="import os\n\n\ndef f():")

    with pytest.raises(ToolError) as raised:
        await ran(replace_lines, path="a.py", start=3, end=3, first="b = 2", new="    b = 3")

    assert str(raised.value).startswith(
        "Line 3 is '', not what first says; that is line 6. Give the numbers as they are now:\n"
        "     3  \n     4  def f():\n     5      a = 1\n     6      b = 2\n"
    )
    assert "b = 3" not in (tmp_path / "a.py").read_text()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"start": 3, "end": 2, "first": "b = 2"}, "end is 2, before start."),
        ({"start": 3, "end": 9, "first": "b = 2"}, "'a.py' ends at line 4."),
        ({"start": 3, "end": 3, "first": "z"}, "Line 3 is '    b = 2', not what first says."),
        ({"start": 2, "end": 2, "first": "a = 1", "new": "    a = 1"}, "'a.py' would not change."),
    ],
)
async def test_what_does_not_fit_is_refused(
    replace_lines: ReplaceLines, tmp_path: Path, given: dict[str, object], fault: str
) -> None:
    with pytest.raises(ToolError) as raised:
        await ran(replace_lines, **{"path": "a.py", "new": "x", **given})

    assert raised.value.args[0] == fault
    assert (tmp_path / "a.py").read_text() == CODE


@pytest.mark.parametrize("content", ["one\r\ntwo\r\nthree\r\n", "one\ntwo\nthree"])
async def test_line_ends_stay_as_they_are(replace_lines: ReplaceLines, tmp_path: Path, content: str) -> None:
    (tmp_path / "b.txt").write_bytes(content.encode())

    await ran(replace_lines, path="b.txt", start=2, end=2, first="two", new="2\n2")

    end = "\r\n" if "\r" in content else "\n"
    assert (tmp_path / "b.txt").read_bytes().decode() == content.replace("two", f"2{end}2")


async def test_an_empty_file_has_one_empty_line(replace_lines: ReplaceLines, tmp_path: Path) -> None:
    (tmp_path / "b.txt").touch()

    await ran(replace_lines, path="b.txt", start=1, end=1, first="", new="text")

    assert (tmp_path / "b.txt").read_text() == "text"
