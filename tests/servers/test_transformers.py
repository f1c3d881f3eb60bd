"""`transformers serve`, asked by the real gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.deltas import TextDelta
from core.errors import ConfigError, RequestRejected
from core.messages import Finish
from gate.discovery import discover
from gate.openai_compatible import OpenAICompatibleGateway
from tests.servers.asking import READ, asked, deltas, finish, first_delta, reply_with

pytestmark = [pytest.mark.server, pytest.mark.real]


@pytest.fixture
async def gateway(transformers: str, tiny_folder: Path) -> AsyncIterator[OpenAICompatibleGateway]:
    gateway = OpenAICompatibleGateway(transformers, str(tiny_folder))
    yield gateway
    await gateway.close()


async def test_a_server_that_lists_no_model_asks_for_a_name(transformers: str, tiny_folder: Path) -> None:
    with pytest.raises(ConfigError, match="has no model") as caught:
        await discover(transformers)

    assert "AGENT_MODEL" in caught.value.hint
    assert (await discover(transformers, model=str(tiny_folder))).model == str(tiny_folder)


async def test_a_reply_streams_and_is_counted(gateway: OpenAICompatibleGateway) -> None:
    pieces = await deltas(gateway, asked())

    end = finish(pieces)
    assert sum(isinstance(piece, TextDelta) for piece in pieces) > 1
    assert (end.finish, end.usage.reply_tokens) == (Finish.LENGTH, 24)


async def test_tools_and_a_choice_among_them_are_taken(transformers: str, tiny_folder: Path) -> None:
    request = asked(tools=(READ,))

    reply = await reply_with(transformers, str(tiny_folder), request, {"tool_choice": "required"})

    assert reply.calls == ()  # it takes the choice, and does not honour it
    assert reply.text


async def test_a_field_it_does_not_know_is_refused(transformers: str, tiny_folder: Path) -> None:
    with pytest.raises(AssertionError, match="top_k"):
        await reply_with(transformers, str(tiny_folder), asked(), {"top_k": 5})


async def test_another_model_is_refused(transformers: str) -> None:
    gateway = OpenAICompatibleGateway(transformers, "another")

    with pytest.raises(RequestRejected, match="another"):
        await deltas(gateway, asked())

    await gateway.close()


async def test_it_has_no_end_of_its_window(gateway: OpenAICompatibleGateway) -> None:
    pieces = await deltas(gateway, asked("h" * 5_000, max_tokens=2))

    assert finish(pieces).usage.prompt_tokens > 4_096


async def test_a_reply_that_nobody_waits_for_is_given_up(gateway: OpenAICompatibleGateway) -> None:
    await first_delta(gateway, asked(max_tokens=100_000))  # it answers one after another: minutes

    pieces = await deltas(gateway, asked("And now?"))

    assert finish(pieces).finish is Finish.LENGTH
