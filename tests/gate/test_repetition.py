"""A reply that goes round in circles is ended."""

from core.deltas import Delta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.messages import Finish, UserMessage
from core.protocols import ModelRequest
from gate.repetition import RepetitionGuard
from gate.scripted import ScriptedGateway

LOOP = "I should look at the file again. "
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


async def told(*deltas: Delta) -> list[Delta]:
    guard = RepetitionGuard(ScriptedGateway(deltas))
    request = ModelRequest(system="", messages=(UserMessage(text="go"),))
    return [delta async for delta in guard.stream(request)]
