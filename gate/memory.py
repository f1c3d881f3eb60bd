"""Servers that ran out of memory over a long prompt: recognised, waited for, and told of as what they are."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress

from core.deltas import Delta, ProgressDelta, RestartDelta
from core.endpoint import ServerKind
from core.errors import ConnectionLost, GatewayError, GatewayUnavailable, OutOfMemory, RequestRejected
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from core.tokens import Tally
from core.values import encode
from gate.live_window import LiveWindow
from gate.site import Site

LARGE_SHARE = 0.5
"""Of the window: a connection that is lost while so much is read is laid to the memory."""
LARGE_TOKENS = 8_000
"""The same where nobody knows the window."""
AGAIN_SHARE = 0.25
"""Of that, when it is lost over the same prompt a second time, or nobody answers any more."""
LOOKS = 60
LOOK_SECONDS = 1.0
"""A server that died is looked for so often, with so long between."""
SETTINGS: Mapping[ServerKind, str] = {
    "llama.cpp": "Start llama-server with a smaller --ctx-size, or fewer --parallel slots.",
    "LM Studio": "Load the model with a shorter Context Length, or less GPU Offload.",
    "Ollama": "Set AGENT_WINDOW_TOKENS lower: Ollama loads the model with that window.",
    "vLLM": "Start vLLM with a lower --max-model-len, or a lower --gpu-memory-utilization.",
    "SGLang": "Start SGLang with a lower --context-length, or a lower --mem-fraction-static.",
    "TabbyAPI": "Set max_seq_len or cache_size lower in its config.yml.",
}
ANY_SETTING = "Load the model with a shorter window, or set AGENT_WINDOW_TOKENS lower."


@dataclass
class MemoryGuard:
    """Stands within the ring that asks again: the same prompt would kill the server a second time."""

    inner: Gateway
    live: LiveWindow
    waits: bool = True
    """Whether one that died is waited for; not where another one can be asked."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _lost: ModelRequest | None = None
    """The one over which the connection was lost last."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        begun = False
        try:
            async with aclosing(self.inner.stream(request)) as deltas:
                async for delta in deltas:
                    begun = begun or not isinstance(delta, ProgressDelta)
                    yield delta
            return
        except OutOfMemory as error:
            cause: GatewayError = error
        except (ConnectionLost, GatewayUnavailable) as error:
            if begun or not self._is_fatal(request, error):
                raise
            cause = error
        yield RestartDelta(reason=str(cause), wait_seconds=0.0)
        raise await self._after(cause) from cause

    async def _after(self, cause: GatewayError) -> GatewayError:
        """Wait until somebody is there again: then what is to be done is the policy's to say."""
        kind = self.live.facts.kind if self.live.facts else "unknown"
        hint = SETTINGS.get(kind, ANY_SETTING)
        if not self.waits or await self._is_back():
            said = f"The model server seems to have run out of memory: {cause.args[0]}"
            return OutOfMemory(said, hint=hint)
        return RequestRejected(
            f"{self.live.url} ran out of memory, and was not back in {LOOKS * LOOK_SECONDS:.0f} seconds.",
            hint=f"Start it again. {hint}",
        )

    async def _is_back(self) -> bool:
        async with Site(self.live.url, self.live.api_key, seconds=LOOK_SECONDS) as site:
            for look in range(LOOKS):
                if look:
                    await self.sleep(LOOK_SECONDS)
                with suppress(GatewayError):
                    if (await site.models()).status < 500:
                        return True
        return False

    def _is_fatal(self, request: ModelRequest, error: GatewayError) -> bool:
        """Whether the prompt is long enough for the server to have died of it, now or the time before."""
        again = self._lost is request
        if isinstance(error, ConnectionLost):
            self._lost = request
        elif not again:
            return False
        return self._is_large(request, again=again)

    def _is_large(self, request: ModelRequest, *, again: bool) -> bool:
        tally = Tally(len(request.system) + len(encode(request.tools)))
        tokens = tally.count(request.messages).tokens
        window = self.live.known_tokens
        least = window * LARGE_SHARE if window else LARGE_TOKENS
        return tokens >= least * (AGAIN_SHARE if again else 1)
