"""Calls that are written into the text."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.deltas import CallDelta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall, UserMessage
from gate.scripted import ScriptedGateway, call, calls, say
from gate.text_call_scanner import TextCallScanner
from gate.text_calls import TextCallGateway
from tests.gate.asking import built, reply, request

NAMES = frozenset({"shell", "ls"})
LS = '<tool_call>{"name": "ls", "arguments": {"path": "."}}</tool_call>'

EXAMPLES: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "hermes": (f"Let me look.\n{LS}", ["Let me look.\n", ("ls", '{"path": "."}')]),
    "alone": (f"\n{LS}\n", [("ls", '{"path": "."}')]),
    "with white space": ('<tool_call>\n{"name": "ls"}\n</tool_call>\n', [("ls", "{}")]),
    "parameters": ('<tool_call>{"name": "ls", "parameters": {"a": 1}}</tool_call>', [("ls", '{"a": 1}')]),
    "arguments as text": ('<tool_call>{"name": "ls", "arguments": "{\\"a\\": 1}"}</tool_call>', [("ls", '{"a": 1}')]),
    "two": (f"{LS}\n{LS}", [("ls", '{"path": "."}'), ("ls", '{"path": "."}')]),
    "text behind": (f"{LS} Done.", [("ls", '{"path": "."}'), "Done."]),
    "end tag inside a string": (
        '<tool_call>{"name": "shell", "arguments": {"command": "echo \\"</tool_call>}\\""}}</tool_call>',
        [("shell", '{"command": "echo \\"</tool_call>}\\""}')],
    ),
    "raw line end in a string": (
        '<tool_call>{"name": "shell", "arguments": {"command": "a\nb"}}</tool_call>',
        [("shell", '{"command": "a\\nb"}')],
    ),
    "end tag missing": ('<tool_call>{"name": "ls", "arguments": {}}', [("ls", "{}")]),
    "end tag missing, text behind": ('<tool_call>{"name": "ls"} and <b>', [("ls", "{}"), "and <b>"]),
    "ours": ('<tool name="shell">{"command": "ls"}</tool>', [("shell", '{"command": "ls"}')]),
    "bare": ('{"name": "ls", "arguments": {"path": "."}}', [("ls", '{"path": "."}')]),
    "bare, other order": (' {"parameters": {}, "name": "ls"}\n', [("ls", "{}")]),
    "fenced": ('```json\n{"name": "ls", "arguments": {}}\n```', [("ls", "{}")]),
    "fenced as a call": ('```tool_call\n{"name": "ls", "arguments": {}}\n```\n', [("ls", "{}")]),
    # What is no call stays text.
    "unknown tool": ('<tool_call>{"name": "rm"}</tool_call>', ['<tool_call>{"name": "rm"}</tool_call>']),
    "unknown tool of ours": ('<tool name="rm">{}</tool>', ['<tool name="rm">{}</tool>']),
    "cut off": ('<tool_call>{"name": "shell", "arguments": {"command": "rm', ['<tool_call>{"name": "shell", "arguments": {"command": "rm']),
    "cut off, then a tag": ('<tool_call>{"name": "ls</tool_call>', ['<tool_call>{"name": "ls</tool_call>']),
    "no object": ("<tool_call>ls</tool_call>", ["<tool_call>ls</tool_call>"]),
    "broken JSON": ("<tool_call>{'name': 'ls'}</tool_call>", ["<tool_call>{'name': 'ls'}</tool_call>"]),
    "arguments are a list": ('<tool_call>{"name": "ls", "arguments": [1]}</tool_call>', ['<tool_call>{"name": "ls", "arguments": [1]}</tool_call>']),
    "half a marker": ("1 < 2 <tool <tool_cal", ["1 < 2 <tool <tool_cal"]),
    "a package": ('{"name": "left-pad", "version": "1.0"}', ['{"name": "left-pad", "version": "1.0"}']),
    "a package named like a tool": ('{"name": "ls", "version": "1.0"}', ['{"name": "ls", "version": "1.0"}']),
    "JSON with text behind": ('{"name": "ls", "arguments": {}} is how', ['{"name": "ls", "arguments": {}} is how']),
    "JSON cut off": ('{"name": "ls", "arguments": {', ['{"name": "ls", "arguments": {']),
    "JSON in mid-text": ('So: {"name": "ls", "arguments": {}}', ['So: {"name": "ls", "arguments": {}}']),
    "code": ("```python\nprint({})\n```", ["```python\nprint({})\n```"]),
    "a wrong one, then a right one": (f"<tool_call>x{LS}", ["<tool_call>x", ("ls", '{"path": "."}')]),
    "only white space": (" \n", [" \n"]),
}  # fmt: skip


def scanned(*pieces: str) -> list[str | tuple[str, str]]:
    """Text and calls in order; neighbouring text is one."""
    scanner = TextCallScanner(NAMES)
    found: list[str | tuple[str, str]] = []
    for delta in [*(delta for piece in pieces for delta in scanner.feed(piece)), *scanner.close()]:
        if isinstance(delta, CallDelta):
            found.append((delta.name, delta.arguments))
        elif found and isinstance(found[-1], str):
            found[-1] += delta.text
        else:
            found.append(delta.text)
    return found


@pytest.mark.parametrize(("text", "found"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_calls_are_found_and_all_else_is_text(text: str, found: list[str | tuple[str, str]]) -> None:
    assert scanned(text) == found


@pytest.mark.parametrize("text", [text for text, _ in EXAMPLES.values()], ids=EXAMPLES.keys())
def test_character_by_character_the_result_is_the_same(text: str) -> None:
    assert scanned(*text) == scanned(text)


FRAGMENTS = st.sampled_from(
    ["<tool_call>", "</tool_call>", '<tool name="ls">', "</tool>", '{"name": "ls"', ', "arguments": {}', "}", "{", '"',
     "\\", " ", "\n", "<", "```", "json", "text", "[", "]"]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=14), st.integers(1, 7))
@example(["<tool_call>", '{"name": "ls"', "}", " ", "\n", "</tool_call>"], 1)
def test_no_text_is_read_differently_in_pieces(fragments: list[str], size: int) -> None:
    text = "".join(fragments)

    assert scanned(*(text[start : start + size] for start in range(0, len(text), size))) == scanned(text)


def test_text_that_can_be_no_call_is_not_held_back() -> None:
    scanner = TextCallScanner(NAMES)

    assert list(scanner.feed("1 < 2 and <tool")) == [TextDelta(text="1 < 2 and ")]
    assert list(scanner.feed("box>")) == [TextDelta(text="<toolbox>")]


def test_a_long_call_costs_its_length() -> None:
    text = '<tool_call>{"name": "shell", "arguments": {"command": "' + "x" * 200_000 + '"}}</tool_call>'

    (found,) = scanned(*(text[start : start + 4] for start in range(0, len(text), 4)))

    assert len(found[1]) > 200_000


async def test_a_found_call_keeps_its_words_and_gets_an_id() -> None:
    gateway = TextCallGateway(ScriptedGateway(say(f"Look.\n{LS}")))

    assert await reply(gateway, request(tools=["ls"])) == AssistantMessage(
        parts=(Text(text="Look.\n"), ToolCall(id="call-1", name="ls", arguments='{"path": "."}', source=LS)),
        finish=Finish.CALLS,
    )


async def test_ids_are_never_used_twice_in_a_conversation() -> None:
    gateway = TextCallGateway(ScriptedGateway(say(LS), say(LS + LS)))
    asked = request(tools=["ls"])
    first = await reply(gateway, asked)

    second = await reply(
        gateway, replace(asked, messages=(*asked.messages, first, UserMessage(text="Again")))
    )

    assert [one.id for one in (*first.calls, *second.calls)] == ["call-1", "call-2", "call-3"]


async def test_text_behind_structured_calls_is_not_searched() -> None:
    reply_with_both = (*call("ls")[:-1], TextDelta(text=LS), FinishDelta(finish=Finish.CALLS))

    said = await reply(TextCallGateway(ScriptedGateway(reply_with_both)), request(tools=["ls"]))

    assert (len(said.calls), said.text) == (1, LS)


async def test_thoughts_are_not_searched() -> None:
    thinking = (ThinkingDelta(text=LS), FinishDelta(finish=Finish.DONE))

    said = await reply(TextCallGateway(ScriptedGateway(thinking)), request(tools=["ls"]))

    assert said.parts == (Thinking(text=LS),)


async def test_a_reply_cut_by_length_stays_cut() -> None:
    cut = (TextDelta(text='<tool_call>{"name": "ls", "argum'), FinishDelta(finish=Finish.LENGTH))

    said = await reply(TextCallGateway(ScriptedGateway(cut)), request(tools=["ls"]))

    assert (said.text, said.calls, said.finish) == ('<tool_call>{"name": "ls", "argum', (), Finish.LENGTH)


async def test_without_tools_text_is_text() -> None:
    said = await reply(TextCallGateway(ScriptedGateway(say(LS))), request())

    assert (said.text, said.calls) == (LS, ())


async def test_a_restart_forgets_what_was_held_back() -> None:
    broken = (
        TextDelta(text="<tool_call>{"),
        RestartDelta(reason="cut", wait_seconds=0),
        *calls(say("Hello."), call("ls")),
    )

    gateway = TextCallGateway(ScriptedGateway(broken))
    said = built([delta async for delta in gateway.stream(request(tools=["ls"]))])

    assert (said.text, [one.name for one in said.calls]) == ("Hello.", ["ls"])
