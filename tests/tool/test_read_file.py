import os
import socket
from hashlib import sha256
from pathlib import Path

import pytest

from core.errors import OutsideWorkspace, ToolError
from core.profile import ModelProfile
from core.views import FileWindow
from tests.tool.filing import make_tree, ran, said, services_at
from tool.read_file import ReadFile


@pytest.fixture
def read_file(tmp_path: Path) -> ReadFile:
    return ReadFile(services_at(tmp_path, ModelProfile(output_chars=4_000, read_lines=50)))


async def test_lines_come_numbered(read_file: ReadFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("alpha\n\tbeta\n")

    result = await ran(read_file, path="a.txt")

    assert result.text == "     1  alpha\n     2  \tbeta"
    digest = sha256(b"alpha\n\tbeta\n").hexdigest()
    assert result.view == FileWindow(
        path="a.txt", start=1, lines=("alpha", "\tbeta"), total_lines=2, digest=digest
    )
    seen = read_file.services.ledger.last_seen(tmp_path / "a.txt")
    assert seen is not None
    assert (seen.digest, seen.content) == (digest, b"alpha\n\tbeta\n")


async def test_a_window_says_how_to_go_on(read_file: ReadFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"{number}\n" for number in range(1, 201)))

    assert await said(read_file, path="a.txt", start=10, count=2) == (
        "    10  10\n    11  11\n(189 more lines: read on with start=12)"
    )
    assert (await said(read_file, path="a.txt")).endswith(
        "    50  50\n(150 more lines: read on with start=51)"
    )
    assert (await said(read_file, path="a.txt", count=999)).count("\n") == 50
    assert await said(read_file, path="a.txt", start=200) == "   200  200"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "(empty file)"),
        (b"\n", "     1  "),
        (b"a\r\nb\r\n", "     1  a\n     2  b"),
        (b"\xef\xbb\xbfa\n", "     1  a"),
        ("a\x0cb\x85c\u2028d\n".encode(), "     1  a\x0cb\x85c\u2028d"),
        (
            "caf\xe9\n".encode("latin-1"),
            "     1  caf\xe9\n(The file is in latin-1, and stays so when it is edited.)",
        ),
        (
            "\ufeffcaf\xe9\nb".encode("utf-16-le"),
            "     1  caf\xe9\n     2  b\n(The file is in utf-16-le, and stays so when it is edited.)",
        ),
    ],
)
async def test_every_kind_of_text_is_read(
    content: bytes, text: str, read_file: ReadFile, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(content)

    assert await said(read_file, path="a.txt") == text


async def test_long_lines_and_many_of_them_stay_within_bounds(read_file: ReadFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{'x' * 3_000}\n" * 40)

    text = await said(read_file, path="a.txt")

    assert len(text) <= 4_000
    assert text.startswith(f"     1  {'x' * 500}[... 2,500 more in this line]\n     2  ")
    assert text.endswith("(33 more lines: read on with start=8)")


@pytest.mark.slow
async def test_a_file_of_fifty_megabytes_is_read_in_pieces(read_file: ReadFile, tmp_path: Path) -> None:
    line = b"0123456789" * 5 + b"\n"
    (tmp_path / "large.log").write_bytes(b"first\n" + line * 1_000_000)

    result = await ran(read_file, path="large.log", start=999_999, count=2)

    assert result.text == (
        f"999999  {'0123456789' * 5}\n1000000  {'0123456789' * 5}\n(1 more line: read on with start=1000001)"
    )
    assert isinstance(result.view, FileWindow)
    seen = read_file.services.ledger.last_seen(tmp_path / "large.log")
    assert seen is not None
    assert (seen.digest, seen.content) == (result.view.digest, None)


async def test_a_missing_file_names_those_it_may_be(read_file: ReadFile, tmp_path: Path) -> None:
    make_tree(tmp_path, "src/app.py", "src/apps.py", "notes.md")

    with pytest.raises(ToolError) as raised:
        await ran(read_file, path="src/App.py")

    assert str(raised.value) == "There is no 'src/App.py'. Did you mean src/app.py or src/apps.py?"


async def test_what_is_no_regular_file_is_refused_at_once(read_file: ReadFile, tmp_path: Path) -> None:
    make_tree(tmp_path, "folder/")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "out").symlink_to("/etc/hostname")
    messages = {
        "folder": "'folder' is a folder. It holds nothing.",
        "pipe": "'pipe' is a pipe. Only regular files can be used.",
        "image.png": "'image.png' is a PNG image of 10 bytes. read_file shows text only.",
        "loop": "'loop' is no path. Give one relative to the workspace.",
        "folder/x/y": "There is no 'folder/x/y'. folder holds nothing.",
        "image.png/x": "There is no 'image.png/x'. The workspace holds folder/, image.png, loop, out, pipe.",
        "x"
        * 5_000: f"'{'x' * 112}[... 4,832 characters ...]{'x' * 56}' cannot be read: File name too long. Use another path.",
    }

    for path, message in messages.items():
        with pytest.raises(ToolError) as raised:
            await ran(read_file, path=path)
        assert str(raised.value) == message
    with pytest.raises(OutsideWorkspace):
        await ran(read_file, path="out")


async def test_a_socket_is_refused(
    read_file: ReadFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket may only be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")

        with pytest.raises(ToolError, match="'socket' is a socket"):
            await ran(read_file, path="socket")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_without_rights_is_answered(read_file: ReadFile, tmp_path: Path) -> None:
    (tmp_path / "secret").touch(mode=0)

    with pytest.raises(ToolError, match="'secret' cannot be read: Permission denied"):
        await ran(read_file, path="secret")


async def test_a_line_after_the_last_is_answered(read_file: ReadFile, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("alpha\n")

    with pytest.raises(ToolError) as raised:
        await ran(read_file, path="a.txt", start=2)

    assert str(raised.value) == "'a.txt' ends at line 1. Start at or before it."
