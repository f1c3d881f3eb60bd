"""Another server may stand at a URL that is known from before: found out when it refuses, and spoken to anew.

request ─► in the words of the server that was there ─► refused ─► who is it? ─┬─ the same ───► the refusal
                                                                               └─ another one ─► in its words
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import field

from core.deltas import Delta, RestartDelta
from core.endpoint import ServerFacts
from core.errors import RequestRejected
from core.protocols import Gateway, ModelRequest, TokenCounter
from core.records import dataclass
from core.values import value
from gate.live_window import LiveWindow


@value
class Speech:
    """How one server is spoken to."""

    gateway: Gateway
    words: object
    """All that its requests are written by: where it is the same, so are they."""
    count: TokenCounter
    close: Callable[[], Awaitable[None]]


@dataclass
class FollowingGateway:
    """After a refusal it finds out who refuses, for the next start as well, and asks again if that helps."""

    live: LiveWindow
    speak: Callable[[ServerFacts | None], Speech]
    speech: Speech = field(init=False)

    def __post_init__(self) -> None:
        self.speech = self.speak(self.live.facts)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        try:
            async with aclosing(self.speech.gateway.stream(request)) as deltas:
                async for delta in deltas:
                    yield delta
            return
        except RequestRejected as error:
            if not await self._is_another():
                raise
            reason = str(error.args[0])
        yield RestartDelta(reason=reason, wait_seconds=0.0)
        async with aclosing(self.speech.gateway.stream(request)) as deltas:
            async for delta in deltas:
                yield delta

    async def close(self) -> None:
        await self.speech.close()

    async def _is_another(self) -> bool:
        self.live.doubt()
        await self.live.tokens()
        speech = self.speak(self.live.facts)
        if speech.words == self.speech.words:
            return False
        await self.speech.close()
        self.speech = speech
        return True
