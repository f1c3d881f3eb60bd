"""Ends a reply in which the model goes round in circles, in its words or in its thoughts."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from core.deltas import Delta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.messages import Finish
from core.protocols import Gateway, ModelRequest
from core.repetition import WATCHED_CHARS, repeated_span


@dataclass(frozen=True)
class RepetitionGuard:
    """Passes deltas on until the same span came eight times in a row; then it drops the request."""

    inner: Gateway

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        said = {TextDelta: "", ThinkingDelta: ""}
        async with aclosing(self.inner.stream(request)) as deltas:
            async for delta in deltas:
                yield delta
                if isinstance(delta, RestartDelta):
                    said = dict.fromkeys(said, "")
                if not isinstance(delta, TextDelta | ThinkingDelta):
                    continue
                said[type(delta)] = end = (said[type(delta)] + delta.text)[-WATCHED_CHARS:]
                if repeated_span(end):
                    yield FinishDelta(finish=Finish.REPEATED)
                    return
