"""A model that says what it is told to: for tests, demonstrations and trying surfaces without a server.

    ScriptedGateway(call("read_file", path="a.txt"), StreamBroken("cut"), say("It says alpha."))

Each request gets the next reply. Helpers make replies; a reply may also be written out
as a sequence of steps: deltas, an error that is raised there, an event that is waited for.
"""

import json
from asyncio import Event
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from core.deltas import CallDelta, Delta, FinishDelta, TextDelta, ThinkingDelta
from core.errors import GatewayError, RequestRejected
from core.messages import Finish
from core.protocols import ModelRequest

PIECE_CHARS = 8

Step = Delta | GatewayError | Event
Reply = Sequence[Step]


def say(text: str) -> Reply:
    return (*(TextDelta(text=piece) for piece in _pieces(text)), FinishDelta(finish=Finish.DONE))


def think(text: str, *then: Reply) -> Reply:
    """Thoughts, and what follows them in the same reply."""
    thoughts = tuple(ThinkingDelta(text=piece) for piece in _pieces(text))
    return calls((*thoughts, FinishDelta(finish=Finish.DONE)), *then)


def call(name: str, /, **arguments: object) -> Reply:
    return call_with(name, json.dumps(arguments, ensure_ascii=False))


def call_with(name: str, arguments: str) -> Reply:
    """A call whose arguments are this very text, valid JSON or not."""
    pieces = (CallDelta(index=0, arguments=piece) for piece in _pieces(arguments))
    return (CallDelta(index=0, name=name), *pieces, FinishDelta(finish=Finish.CALLS))


def calls(*replies: Reply) -> Reply:
    """One reply that says all of `replies`, in this order: text, thoughts and calls."""
    steps: list[Step] = []
    finish = Finish.DONE
    count = 0
    for reply in replies:
        for step in reply:
            match step:
                case CallDelta(index=index):
                    steps.append(replace(step, index=count + index))
                    finish = Finish.CALLS
                case FinishDelta():
                    pass
                case _:
                    steps.append(step)
        count += len({step.index for step in reply if isinstance(step, CallDelta)})
    return (*steps, FinishDelta(finish=finish))


@dataclass
class ScriptedGateway:
    """Plays `replies` one by one, and keeps every request it was sent.

    Calls that have no id are numbered through the whole script: `call-1`, `call-2`, …
    """

    replies: list[Reply | GatewayError]
    """Those still to come; a test may append to it."""
    requests: list[ModelRequest] = field(default_factory=list)
    calls_made: int = 0

    def __init__(self, *replies: Reply | GatewayError) -> None:
        self.replies = list(replies)
        self.requests = []
        self._came = Event()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        self.requests.append(request)
        self._came.set()
        if not self.replies:
            raise RequestRejected(
                f"The script has no reply to request {len(self.requests)}.", hint="Give it one more."
            )
        reply = self.replies.pop(0)
        seen: set[int] = set()
        for step in (reply,) if isinstance(reply, GatewayError) else reply:
            match step:
                case GatewayError():
                    raise step
                case Event():
                    await step.wait()
                case CallDelta():
                    yield self._numbered(step, seen)
                case _:
                    yield step

    async def asked(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.requests) < count:
            self._came.clear()
            await self._came.wait()

    def _numbered(self, piece: CallDelta, seen: set[int]) -> CallDelta:
        if piece.index in seen:
            return piece
        seen.add(piece.index)
        self.calls_made += 1
        return replace(piece, id=piece.id or f"call-{self.calls_made}")


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS))
