"""Asking the next server, when the one that is asked is not there.

request ─► who answered last ─► not there ─► the next ─► … ─► a pause, and the silent ones again ─► one error,
                 ▲                              │                                                 all reasons
                 └─ is asked first from then on ┘
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import pairwise

from core.deltas import CacheLostDelta, Delta, ProgressDelta, RestartDelta
from core.errors import ContextOverflow, GatewayError, GatewayUnavailable, NoAnswer, RateLimited, StreamBroken
from core.protocols import Gateway, ModelRequest
from core.records import dataclass

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each further round: as long as a server that stands alone is waited for."""
PATIENCE_SECONDS = 30.0
"""No round begins later: a server that keeps the connection and says nothing costs minutes."""


@dataclass
class FallbackGateway:
    """Passes a request on while nobody is there to answer it; what was answered, a refusal too, stands.

    A reply that was begun is begun nowhere else. One that broke is asked for again by the ring within; if
    nobody is there then, it goes on to the next, for what had been said is void.
    """

    servers: Sequence[str]
    """What people know them by: their URLs."""
    opened: Callable[[str], Awaitable[Gateway]]
    """The way to one of them. Raises GatewayUnavailable: it is not there, or cannot stand in."""
    asked: str
    """Who is asked first: the one whose cache is warm."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        missing: dict[str, GatewayError] = {}
        for server, told in self._turns(missing):
            if told:
                yield told
                await self.sleep(told.wait_seconds)
            begun = False
            try:
                async with aclosing((await self.opened(server)).stream(request)) as deltas:
                    async for delta in deltas:
                        begun = _is_begun(delta, begun=begun)
                        self.asked = server if begun else self.asked
                        yield delta
                return
            except (GatewayUnavailable, RateLimited, StreamBroken) as error:
                if begun:
                    raise
                missing[server] = error
            except ContextOverflow:  # what comes is the same, made to fit this one
                self.asked = server
                raise
        raise none_answers([reason(server, error) for server, error in missing.items()])

    def _turns(self, missing: Mapping[str, GatewayError]) -> Iterator[tuple[str, RestartDelta | None]]:
        """Whom to ask, and what to tell before: each once, then those that gave no answer, after a pause."""
        first, began = self.servers.index(self.asked), self.clock()
        order = [*self.servers[first:], *self.servers[:first]]
        yield order[0], None
        for last, server in pairwise(order):
            going_on = f"{reason(last, missing[last])} Going on with {server}."
            yield server, RestartDelta(reason=going_on, wait_seconds=0.0)
        for pause in PAUSES:
            if self.clock() - began > PATIENCE_SECONDS:
                return
            told: RestartDelta | None = RestartDelta(reason=none_of(order), wait_seconds=pause)
            for server in [server for server in order if isinstance(missing[server], NoAnswer)]:
                yield server, told
                told = None


def reason(server: str, error: GatewayError) -> str:
    """Why it is not there, with its name."""
    said = str(error.args[0])
    return said if server in said else f"{server}: {said}"


def none_of(servers: Sequence[str]) -> str:
    return f"None of {len(servers)} servers answers."


def none_answers(reasons: Sequence[str]) -> GatewayUnavailable:
    return GatewayUnavailable(
        "\n".join((none_of(reasons), *reasons)),
        hint="Start one of them, or name others in AGENT_FALLBACK_URLS.",
    )


def _is_begun(delta: Delta, *, begun: bool) -> bool:
    """Whether a part of the reply was passed on, and was not voided since."""
    if isinstance(delta, ProgressDelta | CacheLostDelta):
        return begun
    return not isinstance(delta, RestartDelta)
