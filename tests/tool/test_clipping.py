"""Long texts are cut to what fits, and the whole of them is in a file that is named."""

from pathlib import Path

import pytest

from boot.toolbox import bounded
from core.profile import ModelProfile
from tests.tool.filing import names_in, services_at
from tool.clipping import clipped, kept, outline

LINES = "\n".join(f"line {number}" for number in range(2_000))
TIGHT = ModelProfile(output_chars=1_000)


def test_the_same_text_is_kept_once(tmp_path: Path) -> None:
    services = services_at(tmp_path)

    names = {kept("ä" * 9, services), kept("ä" * 9, services)}

    (name,) = names
    assert (tmp_path / name).read_text() == "ä" * 9
    assert len(names_in(tmp_path / ".roost" / "artifacts")) == 1


def test_what_can_be_read_on_says_where(tmp_path: Path) -> None:
    text = clipped(LINES, services_at(tmp_path, TIGHT), suffix=".md")

    (file,) = names_in(tmp_path / ".roost" / "artifacts")
    shown, _, note = text.rpartition("\n")
    assert LINES.startswith(shown)
    assert f"all of it is in .roost/artifacts/{file}, go on at its line {shown.count(chr(10)) + 2}" in note
    assert len(text) <= 1_000


def test_an_outline_has_both_ends_and_the_errors(tmp_path: Path) -> None:
    text = outline(f"{LINES}\nValueError: seven\n{LINES}", services_at(tmp_path, TIGHT))

    assert text.startswith("line 0\n")
    assert "ValueError: seven" in text
    assert "line 1999\n(full output: .roost/artifacts/text-" in text
    assert len(text) <= 1_000


@pytest.mark.parametrize(
    ("chars", "whole"), [(1_000, True), (1_250, True), (1_251, False), (5_000_000, False)]
)
def test_an_answer_enters_history_at_a_sane_length_whoever_wrote_the_tool(
    chars: int, whole: bool, tmp_path: Path
) -> None:
    text = bounded(services_at(tmp_path, TIGHT), "x" * chars)

    assert (len(text) == chars) is whole
    assert len(text) <= 1_250


def test_half_a_surrogate_pair_is_no_reason_to_fail(tmp_path: Path) -> None:
    name = kept("\ud800", services_at(tmp_path))

    assert (tmp_path / name).read_text() == "?"
