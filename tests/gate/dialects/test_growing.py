"""Calls that are told while they are written say in the end what they say when they are read at once."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.deltas import CallDelta
from core.messages import Text, Thinking
from gate.dialects import Scanner, parse
from gate.dialects.growing_scanner import GrowingScanner, Told
from gate.dialects.pieces import Found
from tests.gate.dialects.examples import ALL, CALLS, QWEN_LS, TOOLS, Example
from tests.gate.dialects.test_scanner import ANY_TEXT, FAMILIES, SIZES, cut

UNOPENED = "think, a call, closed only"
REGULAR = {name: example for name, example in CALLS.items() if name != UNOPENED}
GROWS = (
    "hermes", "hermes, text before", "hermes, a fence inside", "jamba", "qwen_xml", "qwen_xml, no wrapper", "seed", "mistral, list",
    "deepseek v3", "deepseek v3.1", "deepseek, no wrapper", "dsml", "glm", "glm 4.7", "harmony", "kimi", "kimi k3",
    "minimax", "minimax m3", "granite", "nemotron", "internlm", "command", "functionary 3.1", "lm_studio", "roost",
    "llama, tagged", "phi, between tags", "qwen_xml, JSON in its tags", "glm, arguments in JSON",
)  # fmt: skip


def told(*pieces: str, family: str | None = None, cut: bool = False) -> list[Told]:
    scanner = GrowingScanner(TOOLS, family)
    return [*(one for piece in pieces for one in scanner.read(piece)), *scanner.end(cut=cut)]


def joined(pieces: Iterable[Told]) -> list[tuple[str, str]]:
    """Names and arguments, in the order in which the calls were first told of."""
    calls: dict[int, list[str]] = {}
    for piece in pieces:
        match piece:
            case CallDelta():
                call = calls.setdefault(piece.index, ["", ""])
                call[0] += piece.name
                call[1] += piece.arguments
            case Found(call=call_found):
                calls[len(calls)] = [call_found.name, call_found.arguments]
    return [(name, arguments) for name, arguments in calls.values()]


def meant(calls: Iterable[tuple[str, str]]) -> list[tuple[str, object]]:
    return [(name, _read(arguments)) for name, arguments in calls]


def _read(arguments: str) -> object:
    try:
        return json.loads(arguments, object_pairs_hook=list)
    except ValueError:
        return arguments


def whole(example: Example) -> list[tuple[str, object]]:
    return meant((call.name, call.arguments) for call in parse(example.text, TOOLS).calls)


@pytest.mark.parametrize("example", REGULAR.values(), ids=REGULAR)
def test_cut_at_every_place_the_pieces_are_the_whole_call(example: Example) -> None:
    text = example.text
    for place in range(len(text) + 1):
        assert meant(joined(told(text[:place], text[place:]))) == whole(example), text[:place]


@pytest.mark.parametrize("example", ALL.values(), ids=ALL)
def test_by_the_character_nothing_can_run_that_else_would_not(example: Example) -> None:
    found = meant(joined(told(*example.text)))

    assert [call for call in found if not isinstance(call[1], str)] == [
        call for call in whole(example) if not isinstance(call[1], str)
    ]


@pytest.mark.parametrize("example", REGULAR.values(), ids=REGULAR)
def test_text_and_thoughts_are_what_they_are_without(example: Example) -> None:
    plain = Scanner(TOOLS)
    pieces = [*(one for part in example.text for one in plain.read(part)), *plain.end()]

    found = told(*example.text)

    for kind in (Text, Thinking):
        assert [one.text for one in found if isinstance(one, kind)] == [
            one.text for one in pieces if isinstance(one, kind)
        ]


@pytest.mark.parametrize("name", GROWS)
def test_all_but_the_last_brace_is_told_before_the_end(name: str) -> None:
    example = CALLS[name]
    scanner = GrowingScanner(TOOLS, example.family)

    early = [one for part in example.text for one in scanner.read(part) if isinstance(one, CallDelta)]

    assert [f"{arguments}}}" for _, arguments in joined(early)] == [
        arguments for _, arguments in example.calls
    ]
    assert len([one for one in early if one.arguments]) > len(example.calls)


THINKING_TEXT = st.lists(
    st.one_of(st.sampled_from(["</think>", "<think>", "\n[/THINK]", "a", "\n"]), ANY_TEXT), max_size=5
)


def read_as_known(pieces: Iterable[str], family: str | None, thinking: bool) -> tuple[object, ...]:
    """Text, thoughts and calls of a reply of which it is known whether it begins in a thought."""
    scanner = GrowingScanner(TOOLS, family, thinking=thinking)
    found = [*(one for piece in pieces for one in scanner.read(piece)), *scanner.end(cut=False)]
    words = ("".join(one.text for one in found if isinstance(one, kind)) for kind in (Text, Thinking))
    return (*words, joined(found))


@given(THINKING_TEXT.map("".join), SIZES, FAMILIES, st.booleans())
@settings(max_examples=400)
def test_where_it_is_known_whether_it_begins_in_a_thought_no_cut_changes_what_is_told(
    text: str, sizes: list[int], family: str | None, thinking: bool
) -> None:
    assert read_as_known(cut(text, sizes), family, thinking) == read_as_known([text], family, thinking)


def test_the_end_of_a_thought_that_nothing_opened_is_text_where_that_is_known() -> None:
    text = f"Like {QWEN_LS}.</think>Done."

    assert read_as_known([text], None, thinking=False)[:2] == ("Like .</think>Done.", "")
    assert read_as_known([text], None, thinking=True)[:2] == ("Done.", f"Like {QWEN_LS}.")


def test_a_long_text_grows_with_every_piece() -> None:
    for begin, end in (
        ('<tool_call>{"name": "write_file", "arguments": {"content": "', '"}}</tool_call>'),
        (
            "<tool_call>\n<function=write_file>\n<parameter=content>\n",
            "\n</parameter>\n</function>\n</tool_call>",
        ),
    ):
        scanner = GrowingScanner(TOOLS)
        scanner.read(begin)

        grown = [scanner.read("word "), scanner.read("after "), scanner.read("word")]

        texts = [one.arguments for pieces in grown for one in pieces if isinstance(one, CallDelta)]
        assert texts == ["word ", "after ", "word"]
        scanner.read(end)
        assert joined(scanner.end(cut=False))[0][1] == "}"


def test_words_stay_as_the_model_wrote_them() -> None:
    text = '<tool_call>{"name":"ls","arguments":{"path":"\\u00e9\\/", "deep" : true }}</tool_call>'

    assert joined(told(*text)) == [("ls", '{"path":"\\u00e9\\/", "deep" : true }')]


@pytest.mark.parametrize(
    ("text", "open_call"),
    [
        (CALLS[UNOPENED].text, '{"path": "."'),
        ('<tool_call>{"name": "ls", "arguments": {"path": "a}}</tool_call>', '{"path": "a}}</tool_call>'),
        ('<tool_call>{"name": "ls", "arguments": {}, "name": "shell"}</tool_call>', '{}, "name": "shell"}'),
        (f"{QWEN_LS}\nmore\n</parameter>\n</function>\n</tool_call>", '{"path": "."'),
    ],
)
def test_a_call_of_which_the_end_thinks_otherwise_stays_open(text: str, open_call: str) -> None:
    assert joined(told(*text)) == [("ls", open_call)]


def test_a_reply_that_was_cut_does_not_say_again_what_was_told() -> None:
    text = 'So: <tool_call>{"name": "ls", "arguments": {"path": "a'

    found = told(*text, cut=True)

    assert joined(found) == [("ls", '{"path": "a')]
    assert "".join(one.text for one in found if isinstance(one, Text)) == "So: "
