"""Tool calls that a model writes into its text, because its server knows no tools."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.deltas import CallDelta, Delta, FinishDelta, RestartDelta, TextDelta
from core.messages import AssistantMessage, Finish
from core.protocols import Gateway, ModelRequest
from gate.call_pieces import CallIds
from gate.text_call_scanner import TextCallScanner


@dataclass(frozen=True)
class TextCallGateway:
    """Turns calls written as text into calls, while they stream; all else passes as it is."""

    inner: Gateway

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        reply = _Reply(request)
        async with aclosing(self.inner.stream(request)) as deltas:
            async for delta in deltas:
                if isinstance(delta, RestartDelta):
                    reply = _Reply(request)
                for seen in reply.take(delta):
                    yield seen


class _Reply:
    """One reply on its way through the scanner."""

    def __init__(self, request: ModelRequest) -> None:
        self.request = request
        self.scanner = TextCallScanner(frozenset(tool.name for tool in request.tools))
        self.scans = bool(request.tools)
        self.found = 0
        self.ids: CallIds | None = None

    def take(self, delta: Delta) -> Iterator[Delta]:
        match delta:
            case TextDelta(text=text) if self.scans:
                yield from self._found(self.scanner.feed(text))
            case CallDelta():
                yield from self._found(self.scanner.close())
                self.scans = False
                yield replace(delta, index=delta.index + self.found)
            case FinishDelta(finish=finish):
                yield from self._found(self.scanner.close())
                calls = self.found and finish is Finish.DONE
                yield replace(delta, finish=Finish.CALLS) if calls else delta
            case _:
                yield delta

    def _found(self, deltas: Iterator[TextDelta | CallDelta]) -> Iterator[Delta]:
        for delta in deltas:
            if isinstance(delta, CallDelta):
                self.ids = self.ids or CallIds(_call_ids(self.request))
                yield replace(delta, index=self.found, id=self.ids.own())
                self.found += 1
            else:
                yield delta


def _call_ids(request: ModelRequest) -> frozenset[str]:
    replies = (message for message in request.messages if isinstance(message, AssistantMessage))
    return frozenset(call.id for reply in replies for call in reply.calls)
