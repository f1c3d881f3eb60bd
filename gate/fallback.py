"""Asking the next server, when the one that is asked is not there.

request ─► who answered last ─► not there ─► the next ─► … ─► each was asked once ─► one error, all reasons
                 ▲                              │
                 └─ is asked first from then on ┘
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from core.deltas import CacheLostDelta, Delta, ProgressDelta, RestartDelta
from core.errors import GatewayError, GatewayUnavailable, StreamBroken
from core.protocols import Gateway, ModelRequest
from core.records import dataclass


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

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        missing: list[str] = []
        first = self.servers.index(self.asked)
        for server in (*self.servers[first:], *self.servers[:first]):
            if missing:
                yield RestartDelta(reason=f"{missing[-1]} Going on with {server}.", wait_seconds=0.0)
            begun = False
            try:
                async with aclosing((await self.opened(server)).stream(request)) as deltas:
                    async for delta in deltas:
                        begun = _is_begun(delta, begun=begun)
                        self.asked = server if begun else self.asked
                        yield delta
                return
            except (GatewayUnavailable, StreamBroken) as error:
                if begun:
                    raise
                missing.append(reason(server, error))
            except GatewayError:
                self.asked = server
                raise
        raise none_answers(missing)


def reason(server: str, error: GatewayError) -> str:
    """Why it is not there, with its name."""
    said = str(error.args[0])
    return said if server in said else f"{server}: {said}"


def none_answers(reasons: Sequence[str]) -> GatewayUnavailable:
    return GatewayUnavailable(
        "\n".join((f"None of {len(reasons)} servers answers.", *reasons)),
        hint="Start one of them, or name others in AGENT_FALLBACK_URLS.",
    )


def _is_begun(delta: Delta, *, begun: bool) -> bool:
    """Whether a part of the reply was passed on, and was not voided since."""
    if isinstance(delta, ProgressDelta | CacheLostDelta):
        return begun
    return not isinstance(delta, RestartDelta)
