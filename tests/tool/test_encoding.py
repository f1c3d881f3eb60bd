import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tool.encoding import Encoding, Lines, binary_kind, encoding_of


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", Encoding("utf-8")),
        ("naïve".encode(), Encoding("utf-8")),
        ("naïve".encode("latin-1"), Encoding("latin-1")),
        (codecs.BOM_UTF8 + b"a", Encoding("utf-8", codecs.BOM_UTF8)),
        ("\ufeffä".encode("utf-16-le"), Encoding("utf-16-le", codecs.BOM_UTF16_LE)),
        ("\ufeffä".encode("utf-16-be"), Encoding("utf-16-be", codecs.BOM_UTF16_BE)),
        ("\ufeffä".encode("utf-32-le"), Encoding("utf-32-le", codecs.BOM_UTF32_LE)),
    ],
)
def test_an_encoding_is_recognised_and_kept(content: bytes, encoding: Encoding) -> None:
    found = encoding_of(content)

    assert found == encoding
    assert found.encode(found.decode(content)) == content


def test_a_character_cut_at_the_end_of_a_head_is_no_reason_for_latin_1() -> None:
    assert encoding_of("ä".encode()[:1], whole=False) == Encoding("utf-8")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n", "a PNG image"),
        (b"%PDF-1.7", "a PDF document"),
        (b"text\0", "a binary file"),
        (b"text", None),
        (b"", None),
        ("\ufefftext".encode("utf-16-le"), None),
    ],
)
def test_binary_files_are_told_from_text(head: bytes, kind: str | None) -> None:
    assert binary_kind(head) == kind


@pytest.mark.parametrize(
    ("raw", "edits", "text"),
    [
        ("a\r\nb\r\nc\r\n", [(2, 3, "x\ny")], "a\r\nx\r\ny\r\nc\r\n"),
        ("a\r\nb\r\nc", [(1, 4, "")], "ac"),
        ("a\nb\r\nc\n", [(4, 5, "x\ny")], "a\nb\r\nx\ny\n"),
        ("a\rb\n", [(2, 3, "x")], "a\rx\n"),
        ("a\r\na\r\n", [(0, 1, "b"), (2, 3, "c")], "b\r\nc\r\n"),
    ],
)
def test_an_edit_keeps_the_line_ends_of_the_file(
    raw: str, edits: list[tuple[int, int, str]], text: str
) -> None:
    assert Lines(raw).replaced(edits) == text


@given(st.text(alphabet="ab\r\n"), st.data())
def test_an_edit_leaves_everything_else_as_it_was(raw: str, data: st.DataObject) -> None:
    lines = Lines(raw)
    start = data.draw(st.integers(0, len(lines.text)))
    end = data.draw(st.integers(start, len(lines.text)))

    written = lines.replaced([(start, end, "X")])

    before, _, after = written.partition("X")
    assert Lines(before).text == lines.text[:start] or before.endswith("\r")
    assert raw.startswith(before)
    assert raw.endswith(after)
