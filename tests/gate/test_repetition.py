"""A reply that goes round in circles is ended."""

from dataclasses import replace

import pytest

from core.deltas import CallDelta, Delta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.messages import Finish, UserMessage
from core.protocols import ArgumentsOf, ModelRequest
from core.tools import ToolSpec
from gate.repetition import RepetitionGuard
from gate.scripted import ScriptedGateway

LOOP = "I should look at the file again. "
HELD = ArgumentsOf(tool=ToolSpec(name="ls", description="", parameters={}), by="format")
DONE = FinishDelta(finish=Finish.DONE)


async def test_words_in_circles_are_cut() -> None:
    deltas = await told(*[TextDelta(text=LOOP)] * 100, DONE)

    assert deltas == [*[TextDelta(text=LOOP)] * 8, FinishDelta(finish=Finish.REPEATED)]


async def test_thoughts_in_circles_are_cut() -> None:
    deltas = await told(*[ThinkingDelta(text=LOOP)] * 100, DONE)

    assert deltas[-1] == FinishDelta(finish=Finish.REPEATED)
    assert len(deltas) == 9


async def test_what_was_said_before_a_restart_does_not_count() -> None:
    again = RestartDelta(reason="broke", wait_seconds=0)
    deltas = [*[TextDelta(text=LOOP)] * 7, again, *[TextDelta(text=LOOP)] * 7, DONE]

    assert await told(*deltas) == deltas


@pytest.mark.parametrize("piece", [LOOP, " \n" * 30])
async def test_arguments_in_circles_are_cut_where_the_reply_is_held_to_them(piece: str) -> None:
    deltas = [*[CallDelta(index=0, name="ls", arguments=piece)] * 100, DONE]

    assert (await told(*deltas, held=True))[-1] == FinishDelta(finish=Finish.REPEATED)
    assert await told(*deltas) == deltas


async def test_some_blanks_are_no_circle() -> None:
    deltas = [CallDelta(index=0, arguments=piece) for piece in ("{", " " * 390, "}")]

    assert await told(*deltas, DONE, held=True) == [*deltas, DONE]


async def told(*deltas: Delta, held: bool = False) -> list[Delta]:
    guard = RepetitionGuard(ScriptedGateway(deltas))
    request = ModelRequest(system="", messages=(UserMessage(text="go"),), held_to=HELD if held else None)
    return [
        replace(delta, id="") if isinstance(delta, CallDelta) else delta
        async for delta in guard.stream(request)
    ]
