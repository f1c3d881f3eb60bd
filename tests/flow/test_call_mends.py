"""What a model meant by a call, told from what it wrote; and what would be a guess."""

import json
from dataclasses import replace

import pytest

from core.errors import InvalidArguments
from core.messages import AssistantMessage, Finish, ToolCall
from core.schema import parse_arguments
from flow.call_mends import aliases, almost_json, coercion, names
from flow.ladder import Rung
from tests.flow.laddering import Look, Model, calling, without


async def mended(text: str) -> str:
    return (await Model().mended(calling(text))).calls[0].arguments


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{'path': 'a'}", {"path": "a"}),
        ('{"path": 7}', {"path": "7"}),
        ('{"path": "a", "count": "4"}', {"path": "a", "count": 4}),
        ('{"path": "a", "count": 4.0}', {"path": "a", "count": 4}),
        ('{"path": "a", "count": null}', {"path": "a"}),
        ('{"path": "a", "ratio": "0.5"}', {"path": "a", "ratio": 0.5}),
        ('{"path": "a", "all": "true"}', {"path": "a", "all": True}),
        ('{"path": "a", "all": "False"}', {"path": "a", "all": False}),
        ('{"path": "a", "names": "b"}', {"path": "a", "names": ["b"]}),
        ('{"path": "a", "names": "[\\"b\\", \\"c\\"]"}', {"path": "a", "names": ["b", "c"]}),
        ('{"path": "a", "names": "[\'b\', ]"}', {"path": "a", "names": ["b"]}),
        ('{"path": "a", "names": "[x"}', {"path": "a", "names": ["[x"]}),
        ('{"path": "a", "names": [1, "b"]}', {"path": "a", "names": ["1", "b"]}),
        ('{"path": "a", "numbers": "3"}', {"path": "a", "numbers": [3]}),
        ('{"path": "a", "pair": "{\\"left\\": 1}"}', {"path": "a", "pair": {"left": 1}}),
        ('{"path": "a", "pair": {"left": "1"}}', {"path": "a", "pair": {"left": 1}}),
        ('{"path": "a", "either": "true"}', {"path": "a", "either": True}),
        ('{"path": "a", "either": "12"}', {"path": "a", "either": 12}),
        ('{"file_path": "a"}', {"path": "a"}),
        ('{"filePath": "a"}', {"path": "a"}),
        ('{"file": "a", "regex": "b"}', {"path": "a", "pattern": "b"}),
        ('{"Path": "a"}', {"path": "a"}),
        ('{"file": "a", "path": "a"}', {"path": "a"}),
        ('{"path": "a", "explanation": "to see"}', {"path": "a"}),
        ('{"filename": "a", "limit": "3"}', {"path": "a", "count": 3}),
    ],
)
async def test_what_was_meant_is_understood_and_fits(text: str, meant: dict[str, object]) -> None:
    arguments = await mended(text)

    assert json.loads(arguments) == meant
    assert parse_arguments(Look(), arguments)


@pytest.mark.parametrize(
    "text",
    [
        '{"path": "half a',
        '{"path": "a", "path": "b"}',
        '{"path": true}',
        '{"path": {"a": 1}}',
        '{"path": null}',
        '{"file": "a", "path": "b"}',
        '{"file": "a", "filename": "b"}',
        '{"path": "a", "colour": "red"}',
        '{"path": "a", "count": "four"}',
        '{"path": "a", "count": 1.5}',
        '{"path": "a", "count": "1.5"}',
        '{"path": "a", "count": ""}',
        '{"path": "a", "count": "007"}',
        '{"path": "a", "count": "' + "9" * 5_000 + '"}',
        '{"path": "a", "ratio": "1e999"}',
        '{"path": "a", "ratio": "' + "9" * 5_000 + '"}',
        '{"path": "a", "all": "maybe"}',
        '{"path": "a", "all": 1}',
        '{"path": "a", "all": "1"}',
        '{"path": "a", "names": {}}',
        '{"path": "a", "pair": "{\\"left\\": 1}, 2"}',
        '{"path": "a", "order": "UP"}',
        '{"path": "a", "timeout_ms": 3}',
    ],
)
async def test_what_would_be_a_guess_is_left_and_refused(text: str) -> None:
    arguments = await mended(text)

    with pytest.raises(InvalidArguments):
        parse_arguments(Look(), arguments)


@pytest.mark.parametrize(
    ("name", "text", "reasons"),
    [
        ("look_at", '{"path": "a"}', []),
        ("Look-At", '{"path": "a"}', ["The tool 'Look-At' is called look_at."]),
        ("functions.lookAt", '{"path": "a"}', ["The tool 'functions.lookAt' is called look_at."]),
        ("look_at", "{'path': 'a',}", ["The arguments of look_at were almost JSON: mended."]),
        (
            "look_at",
            '{"file": "a", "reason": "b", "count": "3", "ratio": null, "pair": {"left": "1"}}',
            [
                "The arguments of look_at: file is called path; reason is no argument, and was dropped.",
                'The arguments of look_at: count was "3", read as 3; ratio was null, and counts as left out; '
                'pair.left was "1", read as 1.',
            ],
        ),
    ],
)
async def test_each_repair_is_told_with_its_reason(name: str, text: str, reasons: list[str]) -> None:
    model = Model()

    reply = await model.mended(calling(text, name=name))

    assert model.reasons == reasons
    assert reply.calls[0].name == "look_at"


async def test_calls_that_are_written_as_text_are_told_of_once_in_a_conversation() -> None:
    call = ToolCall(id="c0", name="look_at", arguments='{"path": "a"}', source="look_at(path='a')")
    reply, model = AssistantMessage(parts=(call,)), Model()

    for _ in range(2):
        model.conversation.messages.append(await model.mended(reply))

    assert model.reasons == ["The model writes its calls as text: they are read and made."]
    assert model.conversation.messages == [reply, reply]


async def test_what_was_mended_in_the_words_of_a_call_is_told_each_time_and_they_are_void() -> None:
    mends = ("closing tag missing", "trailing comma")
    call = ToolCall(id="c0", name="look_at", arguments='{"path": "a"}', source="<tool_call>…", mends=mends)
    model = Model()

    replies = [await model.mended(AssistantMessage(parts=(call,))) for _ in range(2)]

    told = [f"The call of look_at, written as text, was mended: {fault}." for fault in mends]
    assert model.reasons == told * 2
    assert [reply.calls for reply in replies] == [(replace(call, source="", mends=()),)] * 2


async def test_of_a_call_that_was_written_as_text_the_words_are_void_once_it_is_mended() -> None:
    written = ToolCall(id="c0", name="look_at", arguments='{"path": 7}', source='look_at({"path": 7})')
    right = replace(written, arguments='{"path": "a"}')

    reply = await Model().mended(AssistantMessage(parts=(written, right)))

    assert [call.source for call in reply.calls] == ["", right.source]


async def test_what_is_told_of_a_repair_is_short() -> None:
    model = Model()

    await model.mended(
        calling('{"path": "a", "names": "' + "x" * 10_000 + '"}', name="_" * 10_000 + "look_at")
    )

    assert [len(reason) <= 300 for reason in model.reasons] == [True, True]


@pytest.mark.parametrize("name", ["look", "look_ats", "tools.look at", ""])
async def test_a_name_that_is_merely_near_is_left(name: str) -> None:
    reply = await Model().mended(calling("{}", name=name))

    assert reply.calls[0].name == name


@pytest.mark.parametrize(
    ("rung", "name", "text"),
    [
        (names, "Look_At", '{"path": "a"}'),
        (almost_json, "look_at", "{'path': 'a'}"),
        (aliases, "look_at", '{"file": "a"}'),
        (coercion, "look_at", '{"path": 7}'),
    ],
)
async def test_each_rung_can_be_left_out_alone(rung: Rung, name: str, text: str) -> None:
    model = Model(rungs=without(rung))
    reply = calling(text, name=name)

    assert await model.mended(reply) == reply


@pytest.mark.parametrize("text", ['{"content": "half", "path": "a"', "{'path': 'a'}", '{"file": "a"}'])
async def test_in_a_reply_that_its_length_limit_cut_nothing_is_mended(text: str) -> None:
    reply = calling(text, finish=Finish.LENGTH)

    assert await Model().mended(reply) == reply
