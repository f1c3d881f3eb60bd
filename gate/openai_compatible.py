"""Models behind `POST /chat/completions`: local servers and most hosted ones.

ModelRequest ─▶ PrefixWriter ─▶ HttpClient ─▶ server
Delta        ◀─ ReplyReader  ◀─────┘     └─▶ error_of, when it refuses
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import field

from core.deltas import Delta
from core.errors import GatewayError, StreamBroken
from core.protocols import ModelRequest
from core.records import dataclass
from core.values import Clock, utc_now
from gate.answers import Answer
from gate.call_pieces import CallIds, CallPieces
from gate.chunks import ReplyReader
from gate.http import IDLE_SECONDS, HttpClient
from gate.manner import PLAIN, Manner
from gate.serialising import PrefixWriter, unstreamed


@dataclass
class OpenAICompatibleGateway:
    """Asks one model of one endpoint. Cheap to make: connections open at the first request."""

    url: str
    """Up to and with /v1."""
    model: str
    api_key: str = field(default="", repr=False)
    manner: Manner = PLAIN
    """How requests to this model on this server are written."""
    key_setting: str = "AGENT_API_KEY"
    """What a refused key is called in the settings."""
    idle_seconds: float = IDLE_SECONDS
    """How long the server may send no byte before the request is given up."""
    clock: Clock = utc_now

    def __post_init__(self) -> None:
        self._http = HttpClient(self.url.rstrip("/"), self.api_key, idle_seconds=self.idle_seconds)
        self._writer = PrefixWriter(self.model, self.manner)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        body = self._writer.body(request)
        reader = ReplyReader(self._refused, CallPieces(CallIds(self._writer.call_ids)), request.max_tokens)
        async with self._http.post("chat/completions", body) as answer:
            if not 200 <= answer.status < 300:
                raise self._refused(answer.status, await answer.text(), **answer.headers)
            async with aclosing(_deltas(answer, reader)) as deltas:
                async for delta in deltas:
                    yield delta
            await answer.drain()
        if reader.silent:
            raise await self._why_silent(body)

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        await self._http.close()

    async def _why_silent(self, body: bytes) -> GatewayError:
        """A server that promised a stream can no longer refuse; asked without one, it gives its reason."""
        async with self._http.post("chat/completions", unstreamed(body)) as answer:
            if 200 <= answer.status < 300:
                return StreamBroken("The server stopped before it said a word.")
            return self._refused(answer.status, await answer.text(), **answer.headers)

    def _refused(self, status: int | None, body: str, **headers: str) -> GatewayError:
        from gate.errors_of import Refusal, error_of  # a table nobody needs before the first refusal

        refusal = Refusal(
            url=self._http.url,
            status=status,
            body=body,
            headers=headers,
            model=self.model,
            key_setting=self.key_setting,
        )
        return error_of(refusal, clock=self.clock)


async def _deltas(answer: Answer, reader: ReplyReader) -> AsyncGenerator[Delta, None]:
    """What the body says; nothing at all when there is none."""
    try:
        async for piece in answer.pieces:
            for delta in reader.feed(piece):
                yield delta
            if reader.done:
                break
    except StreamBroken:
        if not reader.whole:
            raise
    if not reader.silent:
        for delta in reader.close():
            yield delta
