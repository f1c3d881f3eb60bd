"""llama-cpp-python's server, asked by the real gateway."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.almost_json import mended_json
from core.deltas import TextDelta
from core.endpoint import Constraint
from core.errors import ContextOverflow
from core.messages import Finish
from core.protocols import ArgumentsOf
from core.tools import ToolSpec
from gate.discovery import discover
from gate.openai_compatible import OpenAICompatibleGateway
from gate.retrying import RetryingGateway
from tests.gate.asking import built
from tests.servers.asking import READ, asked, deltas, finish, first_delta, reply_with

EDIT = {
    "type": "object",
    "properties": {
        "lines": {"type": "array", "items": {"type": "boolean"}},
        "order": {"type": "string", "enum": ["up", "down"]},
        "all": {"type": "boolean"},
    },
    "required": ["order", "all"],
}

pytestmark = [pytest.mark.server, pytest.mark.real]


@pytest.fixture
async def gateway(llama: str) -> AsyncIterator[OpenAICompatibleGateway]:
    gateway = OpenAICompatibleGateway(llama, "tiny")
    yield gateway
    await gateway.close()


async def test_its_only_model_is_found(llama: str) -> None:
    endpoint = await discover(llama)

    assert (endpoint.url, endpoint.model) == (llama, "tiny")


async def test_a_reply_streams(gateway: OpenAICompatibleGateway) -> None:
    pieces = await deltas(gateway, asked())

    assert sum(isinstance(piece, TextDelta) for piece in pieces) > 1
    assert finish(pieces).finish in (Finish.LENGTH, Finish.DONE)


async def test_a_call_that_a_grammar_constrains_is_valid(llama: str) -> None:
    chosen = {"tool_choice": {"type": "function", "function": {"name": "read_file"}}, "seed": 7}

    reply = await reply_with(llama, "tiny", asked(max_tokens=400, tools=(READ,)), chosen)

    assert [call.name for call in reply.calls] == ["read_file"]
    written = reply.calls[0].arguments
    arguments = json.loads(
        mended_json(written) or written
    )  # its grammar lets bare control characters through
    assert (type(arguments["path"]), type(arguments["start"])) == (str, int)


async def test_a_schema_constrains_the_text(llama: str) -> None:
    schema = {"response_format": {"type": "json_object", "schema": READ.parameters}, "seed": 7}

    reply = await reply_with(llama, "tiny", asked(max_tokens=400), schema)

    assert set(json.loads(mended_json(reply.text) or reply.text)) == {"path", "start"}


@pytest.mark.parametrize("by", ["grammar", "tool_choice"])
async def test_arguments_alone_can_be_asked_for(gateway: OpenAICompatibleGateway, by: Constraint) -> None:
    edit = ToolSpec(name="edit", description="Edit.", parameters=EDIT)
    request = replace(asked(max_tokens=1_500, tools=(READ, edit)), held_to=ArgumentsOf(tool=edit, by=by))

    reply = built(await deltas(gateway, request))

    written = reply.calls[0].arguments if reply.calls else reply.text
    arguments = json.loads(mended_json(written) or written)
    assert set(arguments) - {"lines"} == {"order", "all"}
    assert (arguments["order"] in ("up", "down"), type(arguments["all"])) == (True, bool)


async def test_too_long_a_prompt_tells_the_window(gateway: OpenAICompatibleGateway) -> None:
    with pytest.raises(ContextOverflow) as caught:
        await deltas(RetryingGateway(gateway), asked("h" * 5_000))

    assert caught.value.limit_tokens == 4_096


async def test_it_reads_a_prompt_in_advance(gateway: OpenAICompatibleGateway) -> None:
    pieces = await deltas(gateway, replace(asked("h" * 1_000), max_tokens=0))

    assert finish(pieces).finish in (Finish.LENGTH, Finish.DONE)


async def test_a_reply_that_nobody_waits_for_is_given_up(gateway: OpenAICompatibleGateway) -> None:
    await first_delta(gateway, asked(max_tokens=1_900))

    pieces = await deltas(gateway, asked("And now?"))

    assert finish(pieces).finish in (Finish.LENGTH, Finish.DONE)
