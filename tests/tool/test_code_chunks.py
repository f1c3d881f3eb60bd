import pytest

from core.code import Chunk
from tool.code_chunks import MOST_CHARS, MOST_CHUNKS, MOST_LINES, Defined, chunks_of, names_in, paragraphs_of
from tool.code_python import definitions_in

SHOP = '''"""A shop."""

import os


# Where things are sold.
@final
class Shop:
    """Open by day."""

    rooms = 3

    def open(self):
        return os

    async def close(self): ...


if os:

    def later():
        def inner(): ...
'''


def spans(chunks: list[Chunk]) -> list[tuple[int, int, str]]:
    return [(chunk.first, chunk.last, chunk.name) for chunk in chunks]


def of_python(text: str) -> list[Chunk]:
    return chunks_of(text.split("\n"), definitions_in(text))


def test_a_definition_is_a_chunk_with_what_is_said_above_it() -> None:
    assert spans(of_python(SHOP)) == [
        (1, 3, ""),
        (6, 16, "Shop"),
        (13, 14, "Shop.open"),
        (16, 16, "Shop.close"),
        (19, 19, ""),
        (21, 22, "later"),
    ]


def test_a_class_has_the_lines_that_are_of_none_of_its_methods() -> None:
    shop = of_python(SHOP)[1]

    assert shop.text.split("\n") == [
        "# Where things are sold.",
        "@final",
        "class Shop:",
        '    """Open by day."""',
        "",
        "    rooms = 3",
        "",
        "",
    ]
    assert shop.opening == (8, "class Shop:")


def test_a_long_function_is_cut_at_a_blank_line_and_begins_once() -> None:
    body = "".join("\n" if number % 10 == 0 else f"    x = {number}\n" for number in range(1, 100))
    chunks = of_python(f"def long():\n{body}")

    assert spans(chunks) == [(1, 50, "long"), (52, 100, "long")]
    assert [chunk.heads for chunk in chunks] == [True, False]


def test_a_definition_on_the_line_of_another_is_found_too() -> None:
    chunks = chunks_of(["class A { m() {} }"], [Defined("A", 1, 1, holds=True), Defined("A.m", 1, 1)])

    assert spans(chunks) == [(1, 1, "A"), (1, 1, "A.m")]


def test_paragraphs_bear_the_heading_above_them() -> None:
    lines = ["# One", "", "a", *["word"] * 70, "## Two", "b"]

    assert spans(paragraphs_of(lines, headings=True)) == [(1, 60, "One"), (61, 73, "One"), (74, 75, "Two")]
    assert spans(paragraphs_of(["# no heading in a program", "x"])) == [(1, 2, "")]


def test_nothing_comes_of_nothing() -> None:
    assert paragraphs_of([]) == paragraphs_of(["", "  ", ""]) == chunks_of([""], []) == []


@pytest.mark.parametrize("line", ["x", "word " * 200, "a" * 1_000_000])
def test_chunks_are_bounded_whatever_the_lines_are(line: str) -> None:
    chunks = paragraphs_of([line] * 100_000 if len(line) < 10 else [line] * 50)

    assert 0 < len(chunks) <= MOST_CHUNKS
    assert max(chunk.last - chunk.first + 1 for chunk in chunks) <= MOST_LINES
    assert max(len(chunk.text) for chunk in chunks) <= 2 * MOST_CHARS


def test_every_name_that_stands_in_a_text_is_told_once() -> None:
    assert names_in("Shop.open(os, x, 'Shop') # größe") == ["Shop", "open", "größe"]
