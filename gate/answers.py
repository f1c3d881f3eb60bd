"""What comes back over HTTP, whoever carries it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.errors import StreamBroken
from core.records import dataclass
from gate.patience import patience

DRAIN_SECONDS = 0.1
LONGEST_ANSWER_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Answer:
    """What a server sends back: its head at once, its body as it comes."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    pieces: AsyncGenerator[bytes, None]
    """The body. Raises StreamBroken when it breaks off, also by silence, NoAnswer when none of it comes."""

    async def text(self) -> str:
        """The whole body; what is beyond 64 MiB is left."""
        body = bytearray()
        async for piece in self.pieces:
            body += piece
            if len(body) > LONGEST_ANSWER_BYTES:
                break
        return body.decode(errors="replace")

    async def drain(self) -> None:
        """Read to the end, if it is near: then the connection can be used again."""
        try:
            async with patience(DRAIN_SECONDS):
                async for _ in self.pieces:
                    pass
        except (TimeoutError, StreamBroken):
            pass


class Wire(Protocol):
    """Carries requests to one server."""

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> AbstractAsyncContextManager[Answer]:
        """Send a request; leaving the context drops what was not read.

        Raises:
            NoAnswer: nothing was answered.
            RequestRejected: the URL is none.
        """
        ...

    async def close(self) -> None: ...
