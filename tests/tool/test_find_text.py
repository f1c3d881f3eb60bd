import asyncio
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import ToolError
from core.profile import ModelProfile
from core.views import MatchList
from tests.clocks import let_pass
from tests.processes import is_alive
from tests.tool.filing import CONTEXT, make_tree, ran, said, services_at
from tool.find_text import FindText, FindTextArgs

RIPGREP = shutil.which("rg")
CATASTROPHE = "(a+)+$"


@pytest.fixture
def find_text(tmp_path: Path) -> FindText:
    return FindText(services_at(tmp_path), ripgrep=None, seconds=600)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    make_tree(tmp_path, ".git/HEAD")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "shop.py").write_text(
        "class Shop:\n    def open(self):\n        return 1\n\n    def close(self): ...\n"
    )
    (tmp_path / "notes.md").write_text("Open the shop.\r\nClose it.\r\n")
    (tmp_path / "image.bin").write_bytes(b"def open\0")
    (tmp_path / "ignored.py").write_text("def open(): ...\n")
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"pattern": r"def \w+"},
            "src/shop.py:2:     def open(self):\nsrc/shop.py:5:     def close(self): ...",
        ),
        ({"pattern": "shop"}, "notes.md:1: Open the shop."),
        ({"pattern": "(?i)shop", "files_only": True}, "notes.md\nsrc/shop.py"),
        ({"pattern": "(?i)open", "glob": "*.py"}, "src/shop.py:2:     def open(self):"),
        ({"pattern": "(?i)open", "glob": "src/**"}, "src/shop.py:2:     def open(self):"),
        ({"pattern": "open", "path": "src"}, "src/shop.py:2:     def open(self):"),
        ({"pattern": "open", "path": "ignored.py"}, "ignored.py:1: def open(): ..."),
        (
            {"pattern": "def", "context": 1},
            "src/shop.py-1- class Shop:\nsrc/shop.py:2:     def open(self):\nsrc/shop.py-3-         return 1\n"
            "src/shop.py-4- \nsrc/shop.py:5:     def close(self): ...",
        ),
        (
            {"pattern": "class|close", "context": 1, "glob": "*.py"},
            "src/shop.py:1: class Shop:\nsrc/shop.py-2-     def open(self):\n--\n"
            "src/shop.py-4- \nsrc/shop.py:5:     def close(self): ...",
        ),
        ({"pattern": r"shop\.$"}, "notes.md:1: Open the shop."),
        ({"pattern": r"\Aclass"}, "src/shop.py:1: class Shop:"),
        ({"pattern": r"open(?!.*self)"}, "No match for 'open(?!.*self)' in '.'."),
        (
            {"pattern": r"Shop:\n"},
            "No match for 'Shop:\\\\n' in '.'.\n(Lines are searched one by one: no pattern can span two.)",
        ),
        (
            {"pattern": "open("},
            "src/shop.py:2:     def open(self):\n"
            "(No regular expression, missing ), unterminated subpattern at position 4: searched as plain text.)",
        ),
        ({"pattern": "x", "glob": "*.rs"}, "No match for 'x' in '.'.\n(No file there matches '*.rs'.)"),
    ],
)
async def test_matching_lines_are_found(
    arguments: dict[str, object], text: str, find_text: FindText, shop: Path
) -> None:
    assert await said(find_text, **arguments) == text


async def test_a_match_list_is_shown_to_people(find_text: FindText, shop: Path) -> None:
    result = await ran(find_text, pattern="class")

    assert result.view == MatchList(
        pattern="class", text="src/shop.py:1: class Shop:", count=1, complete=True
    )


async def test_long_outputs_can_be_searched_by_their_path(find_text: FindText, tmp_path: Path) -> None:
    make_tree(tmp_path, ".roost/artifacts/text-1.txt")
    (tmp_path / ".roost" / ".gitignore").write_text("artifacts/\n")

    assert (await said(find_text, pattern="text-1")).startswith("No match")
    assert await said(find_text, pattern="text-1", path=".roost/artifacts") == (
        ".roost/artifacts/text-1.txt:1: .roost/artifacts/text-1.txt"
    )


async def test_every_encoding_is_searched(find_text: FindText, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("café\n".encode("latin-1"))
    (tmp_path / "mark").write_bytes(b"\xef\xbb\xbf" + "café\n".encode())
    (tmp_path / "wide").write_bytes("\ufeffcafé\r\n".encode("utf-16-le"))

    assert await said(find_text, pattern="^café$") == "latin:1: café\nmark:1: café\nwide:1: café"


async def test_strange_files_are_passed_by(find_text: FindText, tmp_path: Path) -> None:
    make_tree(tmp_path, "a/b.txt")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a" / "round").symlink_to("..")
    (tmp_path / "two\nlines").write_text("b\n")

    assert await said(find_text, pattern="b") == "a/b.txt:1: a/b.txt\ntwo\\nlines:1: b"


async def test_matches_are_bounded(find_text: FindText, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hit\n" * 5_000)

    result = await ran(find_text, pattern="hit")

    assert isinstance(result.view, MatchList)
    assert (result.view.count, result.view.complete) == (100, False)
    assert result.text.endswith("a.txt:100: hit\n(more than 100 matches: narrow pattern, path or glob)")


async def test_long_lines_are_clipped_around_the_match(tmp_path: Path) -> None:
    find_text = FindText(services_at(tmp_path, ModelProfile(output_chars=2_000)), ripgrep=None)
    (tmp_path / "a.js").write_text(("x" * 5_000 + "NEEDLE" + "y" * 5_000 + "\n") * 20)

    text = await said(find_text, pattern="NEEDLE")

    assert len(text) <= 2_000
    assert text.startswith("a.js:1: ...x")
    assert "xNEEDLEy" in text
    assert text.endswith(" more matches: narrow pattern, path or glob)")


async def test_a_pattern_that_takes_for_ever_is_ended(find_text: FindText, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first\n")
    (tmp_path / "b.txt").write_text("a" * 60 + "!\n")
    search = asyncio.create_task(ran(find_text, pattern=f"first|{CATASTROPHE}"))
    while not await asyncio.to_thread(is_read, tmp_path / "b.txt"):
        pass  # until then the other file has been searched, and what it holds has been told

    await let_pass(find_text.seconds)
    result = await search

    assert isinstance(result.view, MatchList)
    assert not result.view.complete
    assert result.text == (
        "a.txt:1: first\n(Stopped after 600 s: narrow path or glob, or use a simpler pattern.)"
    )


async def test_a_cancelled_search_leaves_no_process(find_text: FindText, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("a" * 60 + "!\n")
    others = children_of(os.getpid())  # servers of other tests may run
    search = asyncio.create_task(find_text.run(FindTextArgs(pattern=CATASTROPHE), CONTEXT))
    while not (children := set(await asyncio.to_thread(children_of, os.getpid())).difference(others)):
        pass

    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search

    assert [pid for pid in children if is_alive(pid)] == []


async def test_two_thousand_files_are_searched(find_text: FindText, tmp_path: Path) -> None:
    make_tree(tmp_path, *(f"{number % 40}/{number}.txt" for number in range(2_000)))

    assert await said(find_text, pattern="^7/1447") == "7/1447.txt:1: 7/1447.txt"


@pytest.mark.slow
async def test_a_large_file_is_searched_in_pieces(find_text: FindText, tmp_path: Path) -> None:
    (tmp_path / "large.log").write_bytes(b"0123456789\n" * 5_000_000 + b"needle\n")

    assert await said(find_text, pattern="needle") == "large.log:5000001: needle"


@pytest.mark.skipif(RIPGREP is None, reason="ripgrep is not installed")
@pytest.mark.parametrize(
    "arguments",
    [
        {"pattern": r"\b1\d*/"},
        {"pattern": r"1447", "context": 2},
        {"pattern": r"txt$", "files_only": True, "glob": "1*.txt"},
        {"pattern": r"(?<=/)1447"},
        {"pattern": "0.txt("},
        {"pattern": "nowhere"},
    ],
)
async def test_the_answer_is_the_same_with_ripgrep(arguments: dict[str, object], tmp_path: Path) -> None:
    make_tree(tmp_path, *(f"{number % 10}/{number}.txt" for number in range(300)), "crlf", "wide")
    (tmp_path / "crlf").write_bytes(b"a 1/ txt\r\n")
    (tmp_path / "wide").write_bytes("\ufeff1/ txt\n".encode("utf-16-le"))
    services = services_at(tmp_path)

    fast = await said(FindText(services, ripgrep=RIPGREP), **arguments)

    assert fast == await said(FindText(services, ripgrep=None), **arguments)


async def test_a_program_of_the_workspace_is_not_run(tmp_path: Path) -> None:
    make_tree(tmp_path, *(f"{number}.txt" for number in range(100)))
    (tmp_path / "rg").write_text(f"#!/bin/sh\ntouch '{tmp_path}/was-run'\n")
    (tmp_path / "rg").chmod(0o755)

    text = await said(FindText(services_at(tmp_path), ripgrep=str(tmp_path / "rg")), pattern="^77.txt")

    assert text == "77.txt:1: 77.txt"
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pattern": ""}, "The pattern is empty. Give what to search for."),
        (
            {"pattern": "a", "path": "none"},
            "There is no 'none'. The workspace holds nothing.",
        ),
        ({"pattern": "a", "glob": "[z-a]"}, "'[z-a]' is no glob: "),
    ],
)
async def test_what_cannot_be_searched_is_answered(
    arguments: dict[str, object], message: str, find_text: FindText
) -> None:
    with pytest.raises(ToolError) as raised:
        await ran(find_text, **arguments)

    assert str(raised.value).startswith(message)


def is_read(file: Path) -> bool:
    """Whether a process that we have started has it open."""
    for pid in children_of(os.getpid()):
        with suppress(OSError):
            if file in (link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()):
                return True
    return False


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]
