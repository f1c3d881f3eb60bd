"""Calls that are written as text, family by family."""

from collections.abc import Iterator, Sequence
from itertools import cycle

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.messages import ToolCall
from gate.dialects import Parsed, Scanner, parse
from gate.dialects.table import CHANNELS, LINE_ROWS, ROWS, SILENT, THOUGHTS, families
from tests.gate.dialects.examples import ALL, CALLS, LS, TOOLS, Example


def in_pieces(*pieces: str, family: str | None = None) -> Parsed:
    scanner = Scanner(TOOLS, family)
    for piece in pieces:
        scanner.feed(piece)
    return scanner.close()


def cut(text: str, sizes: Sequence[int]) -> Iterator[str]:
    """Pieces of these sizes, again and again."""
    start = 0
    for size in cycle(sizes):
        if start >= len(text):
            return
        yield text[start : start + size]
        start += size


def seen(parsed: Parsed) -> Example:
    calls = [(call.name, call.arguments) for call in parsed.calls]
    return Example("", "", calls, parsed.content, parsed.reasoning, parsed.partial, list(parsed.repairs))


def said(example: Example) -> Example:
    calls, repairs = list(example.calls), list(example.repairs)
    return Example("", "", calls, example.content, example.reasoning, example.partial, repairs)


def test_every_family_has_examples() -> None:
    assert {example.family for example in CALLS.values()} == set(families()) - {"qwen"}


@pytest.mark.parametrize("example", ALL.values(), ids=ALL)
def test_a_reply_is_read_as_it_is_meant(example: Example) -> None:
    assert seen(parse(example.text, TOOLS)) == said(example)


@pytest.mark.parametrize("example", CALLS.values(), ids=CALLS)
def test_a_reply_is_read_so_when_its_family_is_known(example: Example) -> None:
    assert seen(parse(example.text, TOOLS, example.family)) == said(example)


@pytest.mark.parametrize("example", ALL.values(), ids=ALL)
def test_character_by_character_the_result_is_the_same(example: Example) -> None:
    assert in_pieces(*example.text) == parse(example.text, TOOLS)


@pytest.mark.parametrize("example", ALL.values(), ids=ALL)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=40))
@settings(max_examples=10)
def test_cut_anywhere_the_result_is_the_same(example: Example, sizes: list[int]) -> None:
    assert in_pieces(*cut(example.text, sizes)) == parse(example.text, TOOLS)


FRAGMENTS = st.sampled_from(
    sorted({
        *(row[1] for row in ROWS), *(closing for row in ROWS for closing in row[2]),
        *(text[start : start + 12] for example in ALL.values() for text in [example.text] for start in range(0, len(text), 12)),
        "<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>", "<|message|>", "<|end|>", "to=functions.ls", "analysis",
        '{"name": "ls"', '"arguments": {', "}}", "{", "[", "]", '"', "'", "\\", "\\\\", "`", "``", "```", "```json\n", "~~~", "\n", " ",
        "ls", "functools[", ">>>", "<", ">", "</", "é", "🎉", "<parameter=path>", "</parameter>", "</function>", "<arg_key>",
        LS, "(", ")", "[ls(path=", "<escape>", '<|"|>', "call:ls", "<tool_response>", "</tool_response>", "; ",
    })
)  # fmt: skip


ANY_TEXT = st.lists(FRAGMENTS, max_size=14).map("".join)
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=40)
MARKS_OF_TEMPLATES = (*(tag for pair in THOUGHTS for tag in pair), *CHANNELS, *SILENT)
FAMILIES = st.sampled_from([None, *families()])


@given(ANY_TEXT, SIZES, FAMILIES)
@settings(max_examples=400)
def test_no_text_is_read_differently_in_pieces(text: str, sizes: list[int], family: str | None) -> None:
    assert in_pieces(*cut(text, sizes), family=family) == parse(text, TOOLS, family)


@given(ANY_TEXT, SIZES, FAMILIES)
@settings(max_examples=300)
def test_what_is_shown_is_what_the_content_begins_with(
    text: str, sizes: list[int], family: str | None
) -> None:
    scanner = Scanner(TOOLS, family)
    # Had the prompt opened a thought, all that was shown might turn out to be one.
    shown = scanner.feed("<think></think>") + "".join(scanner.feed(piece) for piece in cut(text, sizes))

    assert scanner.close().content.startswith(shown)


@given(ANY_TEXT, SIZES, FAMILIES)
@settings(max_examples=300)
def test_a_reply_that_was_cut_loses_nothing_but_white_space(
    text: str, sizes: list[int], family: str | None
) -> None:
    assume(not any(mark in text for mark in MARKS_OF_TEMPLATES))
    scanner = Scanner(TOOLS, family)

    said = [piece for part in cut(text, sizes) for piece in scanner.read(part)] + scanner.end(cut=True)

    words = "".join(piece.text for piece in said if not isinstance(piece, ToolCall))
    assert "".join(words.split()) == "".join(text.split())


@pytest.mark.parametrize(
    "mark", sorted({*(row[1] for row in (*ROWS, *LINE_ROWS)), *(pair[0] for pair in THOUGHTS), *CHANNELS})
)
def test_half_a_mark_is_never_shown(mark: str) -> None:
    shown = [Scanner(TOOLS).feed(f"I look.\n{mark[:length]}") for length in range(1, len(mark))]

    assert set(shown) == {"I look.\n"}


@pytest.mark.parametrize("example", CALLS.values(), ids=CALLS)
def test_in_a_reply_that_was_cut_nothing_is_called(example: Example) -> None:
    scanner = Scanner(TOOLS)
    scanner.feed(example.text)

    assert scanner.close(cut=True).calls == ()


@pytest.mark.parametrize("example", CALLS.values(), ids=CALLS)
def test_a_call_that_is_quoted_is_none(example: Example) -> None:
    text = example.text.strip()

    assert parse(f"````\n{text}\n````\nThat is how.", TOOLS).calls == ()


def test_what_ends_a_thought_where_a_line_begins_may_come_in_pieces() -> None:
    scanner = Scanner(TOOLS, thinking=True)

    shown = "".join(scanner.feed(piece) for piece in ("Hm.\n[/", "THI", "NK]", "Done."))

    assert shown == "Done."
