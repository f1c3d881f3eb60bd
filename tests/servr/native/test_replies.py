"""Replies become text, thoughts and calls while they are written, and come back as they were in the next prompt."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from core.tools import ToolSpec
from gate.dialects.growing_scanner import GrowingScanner
from gate.dialects.table import THOUGHTS
from servr.native.parts import Chat, Held, Said
from servr.native.prompts.prompts import TemplatePrompts
from servr.native.replies import reply_readers
from tests.gate.dialects.examples import LS, TOOLS

FREE = Held(tools=TOOLS)


def said(
    text: str, held: Held = FREE, *, size: int = 3, cut: bool = False, separator: str = ""
) -> list[Said]:
    reader = reply_readers(
        lambda tools, thinking: GrowingScanner(tools, thinking=thinking),
        thoughts=dict(THOUGHTS),
        separator=separator,
    )(held)
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    return [*(one for piece in pieces for one in reader.read(piece)), *reader.end(cut=cut)]


def joined(deltas: Iterable[Said]) -> tuple[str, str, list[tuple[str, str]]]:
    """Text, thoughts, and of each call its name and arguments."""
    calls: dict[int, list[str]] = {}
    words = {TextDelta: "", ThinkingDelta: ""}
    for delta in deltas:
        if isinstance(delta, CallDelta):
            call = calls.setdefault(delta.index, ["", ""])
            call[0] += delta.name
            call[1] += delta.arguments
        else:
            words[type(delta)] += delta.text
    return words[TextDelta], words[ThinkingDelta], [(name, arguments) for name, arguments in calls.values()]


def test_text_thoughts_and_calls_are_told_apart() -> None:
    found = joined(said(f"<think>Hm.</think>I look.\n{LS}"))

    assert found == ("I look.\n", "Hm.", [("ls", '{"path": "."}')])


def test_a_call_has_its_name_once_and_no_id_that_the_model_did_not_give() -> None:
    calls = [delta for delta in said(f"{LS}\n{LS}") if isinstance(delta, CallDelta)]

    assert [(delta.index, delta.name) for delta in calls if delta.name] == [(0, "ls"), (1, "ls")]
    assert {delta.id for delta in calls} == {""}


def test_what_stands_between_text_and_a_call_is_left_to_the_template() -> None:
    assert joined(said(f"I look.\n{LS}", separator="\n"))[0] == "I look."
    assert joined(said("Two\nlines.\n", separator="\n"))[0] == "Two\nlines.\n"


def test_what_may_call_nothing_calls_nothing() -> None:
    assert joined(said(LS, Held(tools=TOOLS, choice="none"))) == (LS, "", [])


@pytest.mark.parametrize("in_thought", [True, False])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_reply_by_a_schema_is_text_whatever_its_strings_say(in_thought: bool, size: int) -> None:
    text = '{"a": "</think><tool_call>{}"}\n'
    held = Held(tools=TOOLS, schema={}, in_thought=in_thought)

    thought = "Hm. </thi" if in_thought else ""
    begun = f"{thought}</think>\n\n" if in_thought else ""
    assert joined(said(begun + text, held, size=size)) == (text, thought, [])
    assert joined(said(f"<think>Hm.</think>{text}", Held(schema={}), size=size)) == (text, "Hm.", [])


def test_a_reply_by_a_schema_that_is_cut_loses_nothing() -> None:
    assert joined(said("Hm.</th", Held(schema={}, in_thought=True), cut=True)) == ("", "Hm.</th", [])
    assert joined(said("<thi", Held(schema={}), cut=True)) == ("<thi", "", [])


@pytest.fixture(scope="module")
def qwen3() -> TemplatePrompts:
    folder = Path(os.environ["ROOST_QWEN3_TOKENIZER"]).parent
    return TemplatePrompts(AutoTokenizer.from_pretrained(folder))


def message(deltas: Sequence[Said]) -> dict[str, Any]:
    """As a client sends it back."""
    text, thought, calls = joined(deltas)
    found: dict[str, Any] = {"role": "assistant", "content": text}
    if thought:
        found["reasoning_content"] = thought
    if calls:
        named = enumerate(calls)
        found["tool_calls"] = [
            {"id": f"c{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for at, (name, arguments) in named
        ]
    return found


def answers(reply: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of the tools that were called, or a user's."""
    for call in reply.get("tool_calls", []):
        yield {"role": "tool", "tool_call_id": call["id"], "content": "a.py"}
    if "tool_calls" not in reply:
        yield {"role": "user", "content": "Go on."}


CALL = '<tool_call>\n{"name": "ls", "arguments": {"path":".", "deep":  true}}\n</tool_call>'


@pytest.mark.parametrize(
    "reply",
    [
        "Done.",
        "Two\n\nlines.\n",
        CALL,
        f"I look.\n{CALL}",
        f"I look:\n\n{CALL}\n{CALL}",
        f"<think>\nHm.\n\nSo.\n</think>\n\n{CALL}",
        f"<think>\nHm.\n</think>\n\nI look.\n{CALL}\n{CALL}",
    ],
)
def test_the_next_prompt_begins_with_the_reply_as_it_was_written(reply: str, qwen3: TemplatePrompts) -> None:
    tools: Sequence[ToolSpec] = TOOLS
    asked = [{"role": "user", "content": "What is here?"}]
    before = qwen3.prompt(Chat(messages=asked, tools=tools))

    sent = message(said(reply, separator=qwen3.form.separator))
    after = qwen3.prompt(Chat(messages=[*asked, sent, *answers(sent)], tools=tools))

    expected = before.tokens + qwen3.tokens(f"{reply}<|im_end|>")
    assert qwen3.tokenizer.decode(after.tokens[: len(expected)]) == qwen3.tokenizer.decode(expected)
    assert after.tokens[: len(expected)] == expected


def test_thoughts_stay_until_the_user_speaks_again(qwen3: TemplatePrompts) -> None:
    asked = [{"role": "user", "content": "What is here?"}]
    sent = message(said(f"<think>\nHm.\n</think>\n\n{CALL}"))
    done = message(said("<think>\nSo.\n</think>\n\nDone."))
    step = [*asked, sent, *answers(sent)]

    later = [*step, done, *answers(done)]

    before, after = (qwen3.rendered(Chat(messages=one, tools=TOOLS)) for one in (step, later))
    assert "Hm." in before
    assert "Hm." not in after
    kept = before[: before.index("<think>")]
    assert kept.endswith("What is here?<|im_end|>\n<|im_start|>assistant\n")
    assert after.startswith(f"{kept}<tool_call>")


def test_arguments_are_json_as_the_model_wrote_it() -> None:
    ((name, arguments),) = joined(said(CALL))[2]

    assert (name, arguments) == ("ls", '{"path":".", "deep":  true}')
