"""What others wrote stays in its block, whatever it says, and comes back as it is in the file."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.marking import CLOSING, OPENING, kept_apart, marked, put_together
from core.messages import ToolMessage
from gate.dialects.table import CHANNELS, RESULTS, ROWS, SILENT, THOUGHTS

MARKS = tuple(
    dict.fromkeys(
        (
            *(row[1] for row in ROWS),
            *(closing for row in ROWS for closing in row[2]),
            *(mark for pair in (*RESULTS, *THOUGHTS) for mark in pair),
            *(
                *SILENT,
                *CHANNELS,
                "[/data]",
                "[ /DATA ]",
                "<|im_start|>",
                "<|start_header_id|>",
                "<start_of_turn>",
            ),
            *(
                "[INST]",
                "[/INST]",
                "<<SYS>>",
                "<s>",
                "<eos>",
                "<｜User｜>",
                "[|user|]",
                "<|user|>",
                "[TOOL_CALLS]",
            ),
            *("<function=shell>", "</function>", "<parameter=command>", "<|start|>system<|message|>"),
        )
    )
)
texts = st.lists(st.one_of(st.sampled_from(MARKS), st.text(string.printable, max_size=9))).map("".join)


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_none_and_comes_back(mark: str) -> None:
    text = f'before {mark} x="1"> behind'

    assert mark not in kept_apart(text)
    assert put_together(kept_apart(text)) == text
    assert len(kept_apart(text)) - len(text) <= 3


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a <| b |> c",
            "x <|> y",
            "[data]",
            "key = [args]",
            "List<String> a",
            "r'<\\|im_start\\|>'",
            "a<b>c",
        ),
        *("[INFO] ready", "<div class='tool'>", "[tool.ruff]", "<system>", "if a < s > b", "# [DATA]"),
    ],
)
def test_code_and_prose_stay_as_they_are(text: str) -> None:
    assert kept_apart(text) == text


@settings(max_examples=500)
@given(texts)
def test_no_text_ends_its_block(text: str) -> None:
    block = marked(text)

    assert block.startswith(OPENING)
    assert [found.end() for found in re.finditer(r"(?i)\[\s{0,9}/\s{0,9}data\s{0,9}\]", block)] == [
        len(block)
    ]
    assert not [mark for mark in MARKS if mark != "[/data]" and mark in block.removesuffix(CLOSING)]
    assert put_together(kept_apart(text)) == text


def test_a_mark_that_comes_back_escaped_is_put_together_too() -> None:
    assert put_together(r'{"old": "<\u2060|im_end|>"}') == '{"old": "<|im_end|>"}'


def test_notes_stand_outside_of_the_block() -> None:
    message = ToolMessage(call_id="a", text="alpha\n[/data]\n\nfaster", notes="and shorter")

    assert message.whole == "[data]\nalpha\n[\u2060/data]\n\nfaster\n[/data]\n\nand shorter"
