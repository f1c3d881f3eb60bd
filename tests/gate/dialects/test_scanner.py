"""Calls that are written as text, family by family."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.dialects import Parsed, Scanner, parse
from gate.dialects.table import ROWS, families
from tests.gate.dialects.examples import ALL, CALLS, LS, TOOLS, Example


def in_pieces(*pieces: str, family: str | None = None) -> Parsed:
    scanner = Scanner(TOOLS, family)
    for piece in pieces:
        scanner.feed(piece)
    return scanner.close()


def seen(parsed: Parsed) -> Example:
    calls = [(call.name, call.arguments) for call in parsed.calls]
    return Example("", "", calls, parsed.content, parsed.reasoning, parsed.partial, list(parsed.repairs))


def said(example: Example) -> Example:
    calls, repairs = list(example.calls), list(example.repairs)
    return Example("", "", calls, example.content, example.reasoning, example.partial, repairs)


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
@settings(max_examples=15, deadline=None)
def test_cut_anywhere_the_result_is_the_same(example: Example, sizes: list[int]) -> None:
    pieces, rest = [], example.text
    while rest:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(rest[:size])
        rest = rest[size:]

    assert in_pieces(*pieces) == parse(example.text, TOOLS)


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


@given(
    st.lists(FRAGMENTS, max_size=14),
    st.lists(st.integers(1, 7), min_size=1, max_size=9),
    st.sampled_from([None, *families()]),
)
@settings(max_examples=400, deadline=None)
def test_no_text_is_read_differently_in_pieces(
    fragments: list[str], sizes: list[int], family: str | None
) -> None:
    text = "".join(fragments)
    pieces, rest = [], text
    while rest:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(rest[:size])
        rest = rest[size:]

    assert in_pieces(*pieces, family=family) == parse(text, TOOLS, family)
