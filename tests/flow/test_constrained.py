"""Arguments that are wrong for the second time: asked for alone, as the server was seen to be able to."""

import json

import pytest

from core.conversation import Conversation
from core.endpoint import ServerFacts
from core.errors import GatewayError, GatewayUnavailable, RequestRejected
from core.events import NoteAdded, ReplyMended
from core.messages import AssistantMessage, Finish, Message, ToolMessage, ToolStatus, UserMessage
from flow.constrained import constrained
from flow.prompts import prompt
from tests.flow.laddering import Model, calling, saying, server, without

ASKED = UserMessage(text="go")
REFUSED = "look_at was not run: path: is missing."
TWO_WAYS = server("json_schema", "tool_choice")
WRONG = calling("{}")
RIGHT = '{"path": "a"}'
NOT_HONOURED = "The server does not hold a reply to a schema by {}: not used again in this session."
HELD = "The arguments of look_at were asked for alone, held to their schema by {}."


def failed(*arguments: str, name: str = "look_at") -> list[Message]:
    """Steps in which each of these calls was refused."""
    return [
        message
        for text in arguments
        for message in (
            calling(text, name=name),
            ToolMessage(call_id="c0", text=REFUSED, status=ToolStatus.FAILED),
        )
    ]


def model(
    *replies: AssistantMessage | GatewayError,
    facts: ServerFacts | None = TWO_WAYS,
    before: list[Message] | None = None,
) -> Model:
    earlier = failed("{}") if before is None else before
    return Model(list(replies), Conversation(messages=[ASKED, *earlier]), facts)


async def test_the_second_time_only_the_arguments_are_asked_for() -> None:
    asked = model(calling(RIGHT))

    reply = await asked.mended(WRONG)

    assert reply == calling(RIGHT)
    shape = (
        '{"path": string, "pattern"?: string, "count"?: integer, "ratio"?: number, "all"?: boolean, '
        '"names"?: [string], "numbers"?: [integer], "order"?: "up" | "down", '
        '"pair"?: {"left": integer, "right"?: string}, "either"?: integer | boolean, "options"?: object}'
    )
    note = prompt("only_arguments", tool="look_at", fault=REFUSED, shape=shape)
    assert asked.told == [
        NoteAdded(source="arguments", text=note),
        ReplyMended(what=HELD.format("json_schema")),
    ]
    (held,) = asked.held_to
    assert held is not None
    assert (held.tool.name, held.tool.parameters["required"], held.by) == ("look_at", ["path"], "json_schema")


@pytest.mark.parametrize(
    "answer",
    [calling(RIGHT), calling('{"path": "a",}')],
    ids=["JSON", "almost JSON"],
)
async def test_the_answer_is_taken_as_it_comes(answer: AssistantMessage) -> None:
    reply = await model(answer).mended(WRONG)

    assert json.loads(reply.calls[0].arguments) == {"path": "a"}


@pytest.mark.parametrize(
    "wrong", ['{"path": "half a', '{"colour": "red", "path": "a"}', '{"path": "a", "count": 0}']
)
async def test_whatever_was_wrong_with_them(wrong: str) -> None:
    reply = await model(calling(RIGHT), before=failed('{"path": 7')).mended(calling(wrong))

    assert reply == calling(RIGHT)


@pytest.mark.parametrize(
    "before",
    [
        [],
        [*failed("{}"), *failed(RIGHT)],
        failed("{}", name="other"),
    ],
    ids=["the first time", "it succeeded since", "another tool"],
)
async def test_the_first_time_the_ordinary_line_is_all(before: list[Message]) -> None:
    asked = model(before=before)

    assert await asked.mended(WRONG) == WRONG
    assert asked.told == []


async def test_a_failure_of_an_earlier_turn_does_not_count() -> None:
    asked = model()
    asked.conversation.turn_start = len(asked.conversation.messages)

    assert await asked.mended(WRONG) == WRONG


@pytest.mark.parametrize(
    "answer",
    [
        saying("Sure, I will do that."),
        saying(""),
        calling("{}"),
        calling(RIGHT, name="other"),
        RequestRejected("unknown field"),
        GatewayUnavailable("it broke"),
    ],
    ids=["words", "nothing", "not the schema", "another tool", "refused", "broken"],
)
async def test_a_way_that_does_not_hold_is_not_believed_again(
    answer: AssistantMessage | GatewayError,
) -> None:
    asked = model(answer, calling(RIGHT), calling(RIGHT))

    first, second = await asked.mended(WRONG), await asked.mended(WRONG)

    assert first == second == calling(RIGHT)
    assert asked.ways == ["json_schema", "tool_choice", "tool_choice"]
    assert asked.reasons == [
        NOT_HONOURED.format("json_schema"),
        HELD.format("tool_choice"),
        HELD.format("tool_choice"),
    ]


async def test_when_no_way_holds_the_call_stays_and_the_model_is_not_asked_again() -> None:
    asked = model(saying("a"), saying("b"))

    assert [await asked.mended(WRONG), await asked.mended(WRONG)] == [WRONG, WRONG]
    assert asked.ways == ["json_schema", "tool_choice"]
    assert sum(isinstance(event, NoteAdded) for event in asked.told) == 1


async def test_another_server_is_believed_anew() -> None:
    asked = model(saying("a"), calling(RIGHT), facts=server("json_schema"))
    await asked.mended(WRONG)

    asked.facts = ServerFacts(url="http://localhost:2/v1", constrains=("json_schema",))

    assert await asked.mended(WRONG) == calling(RIGHT)


@pytest.mark.parametrize("facts", [None, server()], ids=["unknown", "can do nothing"])
async def test_a_server_that_claims_nothing_is_asked_for_nothing(facts: ServerFacts | None) -> None:
    asked = model(facts=facts)

    assert await asked.mended(WRONG) == WRONG
    assert asked.told == []


@pytest.mark.parametrize("finish", [Finish.LENGTH, Finish.REPEATED])
async def test_an_answer_that_was_cut_says_nothing_about_the_server(finish: Finish) -> None:
    asked = model(calling('{"path": "ha', finish=finish), calling(RIGHT))

    assert await asked.mended(WRONG) == WRONG
    assert await asked.mended(WRONG) == calling(RIGHT)
    assert asked.ways == ["json_schema", "json_schema"]


async def test_nor_does_one_that_fits_the_schema_and_is_wrong_all_the_same() -> None:
    asked = model(calling('{"path": "a", "count": 0}'), calling(RIGHT))

    assert await asked.mended(WRONG) == WRONG
    assert await asked.mended(WRONG) == calling(RIGHT)
    assert asked.ways == ["json_schema", "json_schema"]


async def test_a_call_that_a_length_limit_cut_is_not_asked_for_again() -> None:
    cut = calling('{"path": "ha', finish=Finish.LENGTH)
    asked = model()

    assert await asked.mended(cut) == cut


async def test_of_several_wrong_calls_one_is_asked_for() -> None:
    asked = model(calling(RIGHT))

    reply = await asked.mended(calling("{}", "{}"))

    assert [call.arguments for call in reply.calls] == [RIGHT, "{}"]


async def test_without_the_rung_the_call_stays() -> None:
    asked = model()
    asked.repair.rungs = without(constrained)

    assert await asked.mended(WRONG) == WRONG
