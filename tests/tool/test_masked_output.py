"""What is kept of an output, in memory and in files, is masked before any of it is cut."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ToolError
from core.masking import MaskedBytes, Masking
from tests.tool.filing import ran, services_at
from tool.capture import Capture
from tool.clipping import clipped, kept
from tool.edit_file import EditFile
from tool.read_file import ReadFile
from tool.write_file import WriteFile

KEY = "hunter2-AbCdEfGh-999"
MARK = "[masked API_KEY]"
MASKING = Masking([("API_KEY", KEY)])


def nobody(text: str) -> None: ...


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
async def test_a_long_output_is_masked_where_it_is_kept(tmp_path: Path, size: int) -> None:
    folder = tmp_path / ".roost" / "artifacts"
    text = "".join(f"{number}: {KEY} \u00fc\n" for number in range(300)).encode()
    capture = Capture(400, folder, nobody, MASKING)

    for start in range(0, len(text), size):
        capture.add(text[start : start + size])
    capture.close()

    assert capture.spilled is not None
    assert capture.spilled.read_bytes() == text.replace(KEY.encode(), MARK.encode())
    assert KEY[:8] not in capture.head + capture.tail
    assert KEY[-8:] not in capture.head + capture.tail


@settings(max_examples=200)
@given(
    st.lists(st.one_of(st.binary(max_size=9), st.just(KEY.encode()), st.just(KEY[:9].encode()))),
    st.integers(1, 9),
)
def test_bytes_that_are_no_text_stay_as_they_are(pieces: list[bytes], size: int) -> None:
    whole = b"".join(pieces)
    masked = MaskedBytes(MASKING)

    shown = [masked.add(whole[start : start + size]) for start in range(0, len(whole), size)]
    result = b"".join([*shown, masked.add(b"", final=True)])

    assert KEY.encode() not in result
    if KEY.encode() not in b"".join(whole.split()):
        assert result == whole


def test_without_secrets_bytes_pass_as_they_are() -> None:
    masked = MaskedBytes(Masking())

    assert (masked.add(b"\xff" + KEY.encode()), masked.add(b"", final=True)) == (b"\xff" + KEY.encode(), b"")


@pytest.mark.parametrize(
    "call",
    [
        {"tool": "write_file", "path": "a.py", "content": f"key = '{MARK}'\nx = 2\n"},
        {"tool": "edit_file", "path": "a.py", "old": "x = 1", "new": f"x = '{MARK}'"},
    ],
)
async def test_no_mark_is_written_in_the_place_of_a_secret(tmp_path: Path, call: dict[str, str]) -> None:
    services = replace(services_at(tmp_path), masking=MASKING)
    text = f"key = '{KEY}'\nx = 1\n"
    (tmp_path / "a.py").write_text(text)
    given = {name: value for name, value in call.items() if name != "tool"}
    tool = WriteFile(services) if call["tool"] == "write_file" else EditFile(services)
    await ran(ReadFile(services), path="a.py")

    with pytest.raises(ToolError, match=r"stands for a value that you cannot see"):
        await ran(tool, **given)
    await ran(EditFile(services), path="a.py", old="x = 1", new="x = 2")
    await ran(WriteFile(services), path="b.py", content=MARK)

    assert (tmp_path / "a.py").read_text() == f"key = '{KEY}'\nx = 2\n"
    assert (tmp_path / "b.py").read_text() == MARK


def test_a_long_answer_is_masked_in_its_file_and_before_it_is_cut(tmp_path: Path) -> None:
    services = replace(services_at(tmp_path), masking=MASKING)
    most = services.profile.output_chars
    text = "x" * (most - 180) + KEY + "y" * most

    shown = clipped(text, services)
    (file,) = services.artifacts.iterdir()

    assert KEY[:8] not in shown
    assert file.read_text() == text.replace(KEY, MARK)
    assert KEY not in (services.workspace.real_root / kept(f"again {KEY}", services)).read_text()
