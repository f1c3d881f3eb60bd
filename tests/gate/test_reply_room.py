"""No reply is asked to be longer than the window has room for."""

from dataclasses import replace

import pytest

from core.endpoint import ServedModel, ServerFacts
from core.messages import AssistantMessage, Message, Text, Usage, UserMessage
from gate.live_window import LiveWindow
from gate.reply_room import MARGIN_TOKENS, ReplyRoom
from gate.scripted import ScriptedGateway, say
from tests.gate.asking import deltas, request

READ: tuple[Message, ...] = (
    UserMessage(text="x" * 4_000),
    AssistantMessage(parts=(Text(text="Yes."),), usage=Usage(prompt_tokens=1_000)),
)


async def asked_for(
    messages: tuple[Message, ...], *, wished: int | None = None, window: int | None = 4_096
) -> int | None:
    """The `max_tokens` that reach the server."""
    model = ServedModel(name="m", window_tokens=window)
    live = LiveWindow("http://127.0.0.1:1/v1", "m", facts=ServerFacts(url="", models=(model,)))
    inner = ScriptedGateway(say("Yes."))
    await deltas(ReplyRoom(inner, live), replace(request(), messages=messages, max_tokens=wished))
    return inner.requests[0].max_tokens


async def test_it_gets_what_is_left_of_a_window_that_was_counted() -> None:
    left = await asked_for(READ)

    assert left is not None
    assert 2_800 < left < 4_096 - 1_000 - MARGIN_TOKENS


@pytest.mark.parametrize(
    ("messages", "window"), [(READ[:1], 4_096), (READ, None)], ids=["nothing was counted", "no window"]
)
async def test_nobody_guesses(messages: tuple[Message, ...], window: int | None) -> None:
    assert await asked_for(messages, window=window) is None


@pytest.mark.parametrize(("wished", "asked"), [(100, 100), (0, 0)])
async def test_a_shorter_wish_stands(wished: int, asked: int) -> None:
    assert await asked_for(READ, wished=wished) == asked


async def test_a_longer_wish_is_lowered_even_by_a_guess() -> None:
    lowered = await asked_for(READ[:1], wished=65_536)

    assert lowered is not None
    assert lowered <= 4_096 - 4_000 // 3 - MARGIN_TOKENS


async def test_a_prompt_that_fills_the_window_is_for_the_server_to_refuse() -> None:
    assert await asked_for(READ, window=900) == MARGIN_TOKENS
