"""The window a server really has: asked after the first reply, and again whenever it may have changed.

A server restarts with other flags, unloads a model, or loads it anew with another window; and one that was
silent was busy, perhaps. It is asked between two requests, never during one: llama-cpp-python drops the reply
it is writing when anybody asks.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import field

from core.deltas import Delta, RestartDelta
from core.endpoint import ServerFacts
from core.errors import GatewayError, RequestRejected
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from gate.discovery import server_facts

MEASURE_SECONDS = 1.0
MOST_ASKED = 3
"""How often a server that stays silent is asked."""


@dataclass
class LiveWindow:
    url: str
    model: str
    api_key: str = field(default="", repr=False)
    most_tokens: int | None = None
    """What is used at most, and what is believed of a server that names no window."""
    keep: Callable[[ServerFacts], None] = lambda facts: None
    """Gets what was found out, for the next start."""
    facts: ServerFacts | None = None
    """What was last heard from the server, now or at an earlier start."""
    _asks_left: int = MOST_ASKED

    async def tokens(self) -> int | None:
        """None when nobody says. Asks only if there is a reason to, and for a second at most."""
        if self._asks_left:
            self._asks_left = self._asks_left - 1 if await self._is_silent() else 0
        return self.known_tokens

    @property
    def known_tokens(self) -> int | None:
        """What was last heard, without asking."""
        served = self.facts.model(self.model) if self.facts else None
        told = served.window_tokens if served else None
        return min((tokens for tokens in (told, self.most_tokens) if tokens), default=None)

    def doubt(self) -> None:
        """The next question goes to the server."""
        self._asks_left = MOST_ASKED

    async def _is_silent(self) -> bool:
        """Whether it said nothing; what it says of itself is taken."""
        try:
            heard = await server_facts(
                self.url, api_key=self.api_key, wanted=self._is_ours, seconds=MEASURE_SECONDS
            )
        except RequestRejected:
            return False
        except GatewayError:
            return True
        if heard is not None:
            self.facts = heard
            self.keep(heard)
        return False

    def _is_ours(self, name: str) -> bool:
        return name == self.model


@dataclass(frozen=True)
class WatchingGateway:
    """Doubts the window when a request fails, or had to be made again."""

    inner: Gateway
    window: LiveWindow

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        try:
            async with aclosing(self.inner.stream(request)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, RestartDelta):
                        self.window.doubt()
                    yield delta
        except GatewayError:
            self.window.doubt()
            raise
