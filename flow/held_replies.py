"""A ring around a gateway, for one turn: its replies are held to a schema, and come as plain text.

Where the server cannot, or refuses, it is asked without: whoever reads the reply looks at it anyway.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from core.deltas import CallDelta, Delta, FinishDelta, TextDelta
from core.endpoint import Constraint
from core.errors import RequestRejected
from core.messages import Finish
from core.protocols import ArgumentsOf, Gateway, ModelRequest
from core.tools import ToolSpec
from flow.server_ways import ServerWays

NEEDS_THE_TOOL: Constraint = "tool_choice"
"""This way holds a reply to a tool the model is told of, and the frozen list has no such tool."""


@dataclass
class HeldReplies:
    inner: Gateway
    spec: ToolSpec
    ways: ServerWays
    used: Constraint | None = field(default=None, init=False)
    """By what the newest reply was held."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        for by in self.ways.left():
            if by == NEEDS_THE_TOOL or request.held_to is not None:
                continue
            self.used = by
            try:
                held = replace(request, held_to=ArgumentsOf(tool=self.spec, by=by))
                async with aclosing(self.inner.stream(held)) as deltas:
                    async for delta in deltas:
                        yield self._in_words(delta)
                return
            except RequestRejected:
                self.ways.distrust(by)
        self.used = None
        async with aclosing(self.inner.stream(request)) as deltas:
            async for delta in deltas:
                yield delta

    def _in_words(self, delta: Delta) -> Delta:
        match delta:
            case CallDelta(arguments=text, name=name) if name in ("", self.spec.name):
                return TextDelta(text=text)
            case FinishDelta(finish=Finish.CALLS):
                return replace(delta, finish=Finish.DONE)
            case _:
                return delta
