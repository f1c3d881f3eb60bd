"""Ends a reply in which the model goes round in circles, in its words or in its thoughts."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.deltas import CallDelta, Delta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.messages import Finish
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from core.repetition import WATCHED_CHARS, repeated_span

MOST_BLANKS = 400
"""In a row, in a reply that is held to a schema: outside of strings one allows any number."""


@dataclass(frozen=True)
class RepetitionGuard:
    """Passes deltas on until the same span came eight times in a row; then it drops the request.

    Arguments are watched where the reply is held to them: a model that lost its way there cannot
    stop. What it writes of its own accord, a file say, may well repeat itself.
    """

    inner: Gateway

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        ends: dict[str, str] = {}
        is_held = request.held_to is not None
        async with aclosing(self.inner.stream(request)) as deltas:
            async for delta in deltas:
                yield delta
                if isinstance(delta, RestartDelta):
                    ends.clear()
                if not (said := _watched(delta, is_held=is_held)):
                    continue
                ends[delta.kind] = end = (ends.get(delta.kind, "") + said)[-WATCHED_CHARS:]
                if repeated_span(end) or (
                    is_held and end[-MOST_BLANKS:].isspace() and len(end) >= MOST_BLANKS
                ):
                    yield FinishDelta(finish=Finish.REPEATED)
                    return


def _watched(delta: Delta, *, is_held: bool) -> str:
    match delta:
        case TextDelta(text=said) | ThinkingDelta(text=said):
            return said
        case CallDelta(arguments=said) if is_held:
            return said
    return ""
