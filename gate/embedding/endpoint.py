"""Vectors from a model server: its `/v1/embeddings`, asked in batches, and never believed unseen.

What is too long for the model is halved until it fits. A server that is busy or away is asked again, a few
times; after that it is an `EmbeddingFailed`, and whoever searches goes on with the words.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.arrays import load_numpy
from core.embedding import EmbeddingFailed
from core.errors import (
    ContextOverflow,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
    RequestRejected,
    StreamBroken,
)
from gate.errors_of import Refusal, error_of
from gate.http import HttpClient
from gate.patience import patience

if TYPE_CHECKING:
    from core.embedding import Floats

BATCH = 32
LONGEST = 16_384
"""Characters of a text that are sent."""
SHORTEST = 200
"""What is refused at this length is not refused for its length."""
TOO_LONG = re.compile(
    r"too (?:large|long|many tokens)|max(?:imum)?\w* .{0,40}(?:length|tokens)|exceed", re.IGNORECASE
)
LONGEST_WAIT_SECONDS = 10.0


@dataclass
class EndpointEmbedder:
    """A model of a server with the OpenAI interface."""

    url: str
    """Of the interface, such as http://127.0.0.1:1234/v1."""
    name: str
    """Of the model, as the server lists it."""
    api_key: str = field(default="", repr=False)
    seconds: float = 60.0
    """How long one batch may take."""
    attempts: int = 3
    first_wait_seconds: float = 0.5
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _client: HttpClient | None = field(default=None, repr=False)

    @property
    def model(self) -> str:
        return f"{self.name} at {self.url}"

    async def embed(self, texts: Sequence[str]) -> "Floats":
        load_numpy()
        from gate.embedding.answers import joined

        sent = [text[:LONGEST].encode("utf-8", "replace").decode() for text in texts]
        try:
            batches = [
                await self._batch([text if text.strip() else "." for text in sent[start : start + BATCH]])
                for start in range(0, len(sent), BATCH)
            ]
            return joined([row for batch in batches for row in batch])
        except GatewayError as error:
            raise EmbeddingFailed(f"There are no vectors from {self.model}: {error}") from error

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    async def _batch(self, texts: Sequence[str]) -> "list[Floats]":
        """In halves, where it is refused as a whole: of the texts, and then of the one text."""
        try:
            return await self._patiently(texts)
        except ContextOverflow:
            longest = max(map(len, texts))
            if longest <= SHORTEST:
                raise
        if len(texts) > 1:
            middle = len(texts) // 2
            return await self._batch(texts[:middle]) + await self._batch(texts[middle:])
        return await self._batch([texts[0][: max(SHORTEST, longest // 2)]])

    async def _patiently(self, texts: Sequence[str]) -> "list[Floats]":
        for attempt in range(1, self.attempts):
            try:
                return await self._asked(texts)
            except (GatewayUnavailable, RateLimited, StreamBroken) as error:
                asked = error.retry_after_seconds if isinstance(error, RateLimited) else 0.0
                wait_seconds = max(asked, self.first_wait_seconds * 2.0 ** (attempt - 1))
            await self.sleep(min(wait_seconds, LONGEST_WAIT_SECONDS))
        return await self._asked(texts)

    async def _asked(self, texts: Sequence[str]) -> "list[Floats]":
        from gate.embedding.answers import rows_of

        question = {"model": self.name, "input": list(texts), "encoding_format": "float"}
        body = json.dumps(question, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with patience(self.seconds), self._opened().post("embeddings", body) as answer:
                text = await answer.text()
                status, headers = answer.status, answer.headers
        except TimeoutError as error:
            raise GatewayUnavailable(f"It gave no answer within {self.seconds:g} seconds.") from error
        if status != 200:
            raise _refused(self.url, self.name, status, text, headers)
        return rows_of(text, len(texts))

    def _opened(self) -> HttpClient:
        if self._client is None:
            self._client = HttpClient(self.url, self.api_key, idle_seconds=self.seconds)
        return self._client


def _refused(url: str, name: str, status: int, body: str, headers: Mapping[str, str]) -> GatewayError:
    refusal = Refusal(url=url, status=status, body=body, headers=headers, model=name)
    if status in (404, 405):
        hint = "Has it an embedding model? `roost models` lists what there is."
        return RequestRejected(refusal.sentence, hint=hint)
    if TOO_LONG.search(body):  # some say so with a status of their own mistakes
        return ContextOverflow(refusal.sentence)
    return error_of(refusal)
