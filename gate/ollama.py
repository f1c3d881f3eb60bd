"""Ollama in its own words: `/api/chat`, for on its /v1 nobody can say how long the window is to be.

ModelRequest ─▶ OllamaWriter ─▶ HttpClient ─▶ /api/chat
Delta        ◀─ OllamaReader ◀─────┘     └─▶ error_of, when it refuses

By default Ollama loads a model with a short window, and drops the oldest messages of a longer prompt without
a word. So one `num_ctx` goes with every request, the same for a whole session, because another one loads the
model anew; it is asked to refuse what does not fit; and what it has read is compared with what was sent.
"""

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field

from core.deltas import Delta, FinishDelta, RestartDelta
from core.endpoint import ServedModel
from core.errors import ContextOverflow, GatewayError, StreamBroken
from core.protocols import ModelRequest
from core.tokens import weight
from core.values import Clock, utc_now
from gate.call_pieces import CallIds
from gate.http import IDLE_SECONDS, HttpClient
from gate.manner import PLAIN, Manner
from gate.ollama_wire import OllamaReader, OllamaWriter
from gate.reading import shown_length
from gate.site import Site, count, objects

USUAL_TOKENS = 16_384
MOST_BYTES_PER_TOKEN = 6
"""Hardly any prompt has more: if it seems to, a part of it was not read."""
LEAST_BYTES_PER_TOKEN = 3
LEAST_BYTES = 3_000
"""Below this, what a template adds and leaves out counts for too much."""


def session_window(model: ServedModel, wished: int | None = None) -> int:
    """The window to load a model with: the wished one, its owner's, or the usual, as far as it was trained.

    A longer one that is loaded already is kept where the graphics card holds it all.
    """
    fits = model.loaded and (model.gpu_share or 0) >= 1
    loaded = model.window_tokens or 0
    chosen = wished or model.pinned_tokens or (max(loaded, USUAL_TOKENS) if fits else USUAL_TOKENS)
    return min(chosen, model.trained_tokens or chosen)


@dataclass
class OllamaGateway:
    """Asks one model of one Ollama. Cheap to make: connections open at the first request."""

    url: str
    """Of its OpenAI interface, as people write it; /v1 is taken off."""
    model: str
    window_tokens: int
    """`num_ctx`: fixed for as long as this gateway lives."""
    api_key: str = field(default="", repr=False)
    thinks: bool = False
    """Whether the model can think; one that cannot is refused with `think`."""
    manner: Manner = PLAIN
    idle_seconds: float = IDLE_SECONDS
    clock: Clock = utc_now

    def __post_init__(self) -> None:
        root = self.url.rstrip("/").removesuffix("/v1")
        self._http = HttpClient(root, self.api_key, idle_seconds=self.idle_seconds)
        self._writer = OllamaWriter(self.model, self.window_tokens, self.manner, self.thinks)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        body = self._writer.body(request)
        reader = OllamaReader(self._refused, CallIds(self._writer.call_ids))
        async with self._http.post("api/chat", body) as answer:
            if not 200 <= answer.status < 300:
                raise self._refused(answer.status, await answer.text(), **answer.headers)
            try:
                async for piece in answer.pieces:
                    for delta in reader.feed(piece):
                        yield delta
            except StreamBroken:
                if not reader.done:
                    raise
            for delta in reader.feed(b"\n"):  # the last line may lack its end
                yield delta
            end = reader.close()
        if unread := await self._unread(request, end):
            yield RestartDelta(reason=str(unread), wait_seconds=0.0)
            raise unread
        yield end

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        await self._http.close()

    async def _unread(self, request: ModelRequest, end: FinishDelta) -> ContextOverflow | None:
        """The error of a prompt that was cut in silence. The window it was cut to has the last word."""
        sent, read = _bytes(request), end.usage.prompt_tokens
        if not read or sent < max(LEAST_BYTES, read * MOST_BYTES_PER_TOKEN):
            return None
        loaded = await self._loaded_tokens()
        if loaded and loaded * LEAST_BYTES_PER_TOKEN > sent:
            return None
        return ContextOverflow(
            f"Ollama read {read:,} tokens of a prompt of about {sent // 4:,} and dropped the rest.",
            limit_tokens=loaded or read,
            hint="A newer Ollama says so itself; OLLAMA_CONTEXT_LENGTH makes its window longer.",
        )

    async def _loaded_tokens(self) -> int | None:
        names = (self.model, f"{self.model}:latest")
        with suppress(GatewayError):
            async with Site(self.url.rstrip("/"), self.api_key) as site:
                running = objects((await site.page("api/ps")).json.get("models"))
            named = [entry for entry in running if entry.get("name") in names]
            return next((count(entry.get("context_length")) for entry in named), None)
        return None

    def _refused(self, status: int | None, body: str, **headers: str) -> GatewayError:
        from gate.errors_of import Refusal, error_of  # a table nobody needs before the first refusal

        refusal = Refusal(url=self._http.url, status=status, body=body, headers=headers, model=self.model)
        return error_of(refusal, clock=self.clock)


def _bytes(request: ModelRequest) -> int:
    """Of what every template shows to the model; tools and thinking, which some leave out, not counted."""
    return weight(request.system) + sum(shown_length(message, weight) for message in request.messages)
