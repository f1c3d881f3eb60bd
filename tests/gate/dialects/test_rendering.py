"""Tools and history in words, for models that know no tools."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.messages import AssistantMessage, Text, Thinking, ToolCall, ToolMessage, UserMessage
from core.protocols import ModelRequest
from gate.dialects import parse
from gate.dialects.rendering import TextRendering, told_tools
from gate.dialects.table import families
from gate.dialects.writing import FORMS, written_calls
from gate.scripted import ScriptedGateway, say
from gate.text_calls import TextCallGateway, ToldToolsGateway
from tests.gate.asking import built, request
from tests.gate.dialects.examples import TOOLS

WORDS = st.text(st.characters(exclude_characters="<]", exclude_categories=["Cs"]), max_size=30)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "path": WORDS.map(str.strip),
        "content": WORDS.map(lambda text: text.strip("\n")),
        "count": st.integers(-9, 10**12),
        "deep": st.booleans(),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "names": st.lists(WORDS, max_size=3),
    },
)
CALLS = st.lists(st.tuples(st.sampled_from(["ls", "shell", "read_file"]), ARGUMENTS), min_size=1, max_size=3)
ASK = UserMessage(text="What is here?")
LS = ToolCall(id="1", name="ls", arguments='{"path": "."}')


def test_every_family_has_a_way_of_writing() -> None:
    assert set(FORMS) == set(families())


MARKUP = (
    "<tool_call>", "</tool_call>", "</tool>", "</function>", "</parameter>", "</arg_value>", "</invoke>", "<think>", "</think>",
    "[TOOL_CALLS]", "[/TOOL_CALLS]", "<|tool_call_end|>", "<｜tool▁call▁end｜>", "<|call|>", "<|end|>", "<|im_end|>", "<tool_response>",
    "```", "```json\n", "`", "~~~\n", "<function=ls>", "functools[", "\n>>>ls\n", "[ls(path='x')]", '{"name": "ls", "arguments": {}}',
    '"', "'", "\\", "\n", "\r\n", "\t", " ", "\0", "\ufeff", "\u2028", "é", "🎉", "{", "}", "[", "]", "(", ")", ",", ":", "&amp;", "#", "%s",
)  # fmt: skip
ANYTHING = st.lists(
    st.sampled_from(MARKUP) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=8
)
TAGGED = {"qwen_xml", "seed", "glm", "dsml", "minimax", "functiongemma", "gemma4"}
"""Families that escape nothing: some files cannot be written in their words."""


@pytest.mark.parametrize("family", sorted(FORMS.keys() - TAGGED))
@given(content=ANYTHING.map("".join))
@settings(max_examples=60)
def test_a_file_may_hold_anything(family: str, content: str) -> None:
    arguments = {"path": "a", "content": content}
    call = ToolCall(id="", name="write_file", arguments=json.dumps(arguments))

    for named in (family, None):
        (found,) = parse(written_calls([call], family), TOOLS, named).calls
        assert json.loads(found.arguments) == arguments


@pytest.mark.parametrize("written", sorted(FORMS))
@pytest.mark.parametrize("family", sorted(TAGGED - {"functiongemma", "gemma4"}))
def test_a_file_about_calls_is_written_as_it_is(family: str, written: str) -> None:
    content = f"# Calls\n\n{written_calls([LS], written)}\n\nThat is how.\n"
    call = ToolCall(id="", name="write_file", arguments=json.dumps({"content": content}))

    (found,) = parse(written_calls([call], family), TOOLS, family).calls

    assert json.loads(found.arguments) == {"content": content}


@pytest.mark.parametrize("family", FORMS)
@given(calls=CALLS)
@settings(max_examples=40)
def test_what_is_written_is_read_back(family: str, calls: list[tuple[str, dict[str, object]]]) -> None:
    written = written_calls(
        [ToolCall(id="", name=name, arguments=json.dumps(given)) for name, given in calls], family
    )

    for named in (family, None):
        found = parse(f"I look.\n{written}", TOOLS, named)
        assert [(call.name, json.loads(call.arguments)) for call in found.calls] == calls
        assert (found.content.strip(), found.partial, found.repairs) == ("I look.", "", ())


@pytest.mark.parametrize("family", FORMS)
def test_the_model_is_told_of_each_tool_and_of_a_call_that_would_be_read(family: str) -> None:
    told = told_tools(TOOLS, family)

    assert all(json.dumps(tool.name) in told for tool in TOOLS)
    assert parse(written_calls([LS], family), TOOLS, family).calls
    assert "{" + "tools}" not in told


def test_without_tools_there_is_nothing_to_tell() -> None:
    asked = ModelRequest(system="Be brief.", messages=(ASK,))

    assert TextRendering().request(asked) == asked


def test_calls_and_answers_stand_in_the_text() -> None:
    written = ToolCall(id="2", name="shell", arguments="{}", source='<tool name="shell"></tool>')
    reply = AssistantMessage(parts=(Thinking(text="Hm."), Text(text="I look.\n"), LS))
    answers = (ToolMessage(call_id="1", text="a.txt"), ToolMessage(call_id="2", text="ok"))
    history = (
        ASK,
        reply,
        answers[0],
        AssistantMessage(parts=(written,)),
        answers[1],
        UserMessage(text="So?"),
    )

    rendered = TextRendering("roost").request(ModelRequest(system="Be brief.", messages=history, tools=TOOLS))

    assert rendered.tools == ()
    assert rendered.system.startswith("Be brief.\n\n# Tools\n")
    assert rendered.messages == (
        ASK,
        AssistantMessage(
            parts=(Thinking(text="Hm."), Text(text='I look.\n<tool name="ls">{"path": "."}</tool>'))
        ),
        UserMessage(text='<tool_result name="ls">\n[data]\na.txt\n[/data]\n</tool_result>', source="tool"),
        AssistantMessage(parts=(Text(text='<tool name="shell"></tool>'),)),
        UserMessage(text='<tool_result name="shell">\n[data]\nok\n[/data]\n</tool_result>', source="tool"),
        UserMessage(text="So?"),
    )


def test_answers_that_stand_together_are_one_message() -> None:
    two = AssistantMessage(parts=(LS, ToolCall(id="2", name="shell", arguments="{}")))
    answers = (ToolMessage(call_id="1", text="a"), ToolMessage(call_id="2", text="b"))

    rendered = TextRendering("hermes").request(ModelRequest(system="", messages=(ASK, two, *answers)))

    assert rendered.messages[2:] == (
        UserMessage(
            text="<tool_response>\n[data]\na\n[/data]\n</tool_response>\n"
            "<tool_response>\n[data]\nb\n[/data]\n</tool_response>",
            source="tool",
        ),
    )


@pytest.mark.parametrize(
    ("family", "kept"), [("gemma4", True), ("any", True), ("roost", False), ("hermes", False)]
)
def test_the_words_of_a_call_are_kept_where_they_would_be_read(family: str, kept: bool) -> None:
    words = written_calls([LS], "gemma4")
    reply = AssistantMessage(parts=(replace(LS, source=words),))
    asked = ModelRequest(system="", messages=(ASK, reply), tools=TOOLS)

    (_, said) = TextRendering(family).request(asked).messages

    assert said == AssistantMessage(parts=(Text(text=words if kept else written_calls([LS], family)),))


def test_the_words_of_two_calls_in_one_block_are_kept_together() -> None:
    block = '<tool_call>[{"name": "ls", "arguments": {}}, {"name": "shell", "arguments": {}}]</tool_call>'
    calls = parse(block, TOOLS).calls
    asked = ModelRequest(system="", messages=(ASK, AssistantMessage(parts=calls)), tools=TOOLS)

    (_, said) = TextRendering("roost").request(asked).messages

    assert len(calls) == 2
    assert said.text.replace("\n", "") == block


def test_what_was_rendered_once_is_the_same_object_again() -> None:
    rendering = TextRendering("roost")
    messages = (ASK, AssistantMessage(parts=(LS,)), ToolMessage(call_id="1", text="a"))
    first = rendering.request(ModelRequest(system="", messages=messages, tools=TOOLS))

    more = (*messages, AssistantMessage(parts=(Text(text="Done."),)))
    second = rendering.request(ModelRequest(system="", messages=more, tools=TOOLS))

    assert all(one is other for one, other in zip(first.messages, second.messages, strict=False))
    assert first.system == second.system


async def test_a_model_without_tools_calls_them_through_both_rings() -> None:
    model = ScriptedGateway(say('<tool name="ls">{"path": "."}</tool>'))
    gateway = TextCallGateway(ToldToolsGateway(model, TextRendering("roost")), "roost")

    found = built([delta async for delta in gateway.stream(request(tools=["ls"]))])

    assert [(call.name, call.arguments) for call in found.calls] == [("ls", '{"path": "."}')]
    assert model.requests[0].tools == ()
