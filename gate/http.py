"""HTTP for everything that asks a server: the one module that knows httpx.

    HttpClient ─┬─ http:// ──▶ PlainWire    asyncio alone, for a quick start
                └─ https:// ─▶ HttpxWire    TLS and proxies

httpx is loaded at the first request that needs it, without the parts we do not use, and its errors end
here. A server that is not there is `NoAnswer`; one that hung up is `ConnectionLost`.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import field
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import (
    ConnectionLost,
    GatewayError,
    NoAnswer,
    RequestRejected,
    StreamBroken,
)
from core.records import dataclass
from gate.answers import Answer, Wire
from gate.patience import patience
from gate.plain_http import PlainWire, no_answer

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 300.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
USER_AGENT = "roost"


@dataclass
class HttpClient:
    """Asks one endpoint, over connections that are opened when they are first needed."""

    url: str
    """Without a slash at the end, such as http://127.0.0.1:8000/v1."""
    api_key: str = field(default="", repr=False)
    """Goes to this endpoint only, and nowhere else when it answers with a redirect."""
    connect_seconds: float = CONNECT_SECONDS
    idle_seconds: float = IDLE_SECONDS
    """How long a server may send no byte at all, a comment not even; there is no limit on the whole."""
    _wire: Wire | None = field(default=None, repr=False)
    _keeper: AsyncGenerator[None, None] | None = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)

    def post(self, path: str, body: bytes) -> AbstractAsyncContextManager[Answer]:
        """Send JSON; leaving the context drops the answer."""
        return self._exchange("POST", path, {"content-type": "application/json"}, body)

    def get(self, path: str) -> AbstractAsyncContextManager[Answer]:
        return self._exchange("GET", path, {}, b"")

    async def close(self) -> None:
        """Close the connections, as the end of the event loop does; the next request opens new ones."""
        keeper, self._keeper, self._wire = self._keeper, None, None
        if keeper and self._loop is asyncio.get_running_loop():
            await keeper.aclose()

    @asynccontextmanager
    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[Answer]:
        headers = {**self._headers(), **headers}
        wire = await self._open()
        async with wire.exchange(method, path, headers, body) as answer:
            yield answer

    async def _open(self) -> Wire:
        loop = asyncio.get_running_loop()
        if self._wire is None or self._loop is not loop:
            self._wire = self._kind()(self.url, self.connect_seconds, self.idle_seconds)
            self._loop = loop
            self._keeper = _kept(self._wire)
            await anext(self._keeper)
        return self._wire

    def _kind(self) -> "type[PlainWire] | type[HttpxWire]":
        try:
            parts = urlsplit(self.url)
            valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # of `port`, too
            valid = False
        if not (valid and self.url.isascii() and self.url.isprintable() and " " not in self.url):
            raise _no_url(self.url)
        return PlainWire if parts.scheme == "http" and not parts.username else HttpxWire

    def _headers(self) -> dict[str, str]:
        headers = {"user-agent": USER_AGENT, "accept-encoding": "identity"}
        if self.api_key:
            if not (self.api_key.isascii() and self.api_key.isprintable()):
                raise RequestRejected(
                    "The API key holds characters that no key has.", hint="Copy it again, without line ends."
                )
            headers["authorization"] = f"Bearer {self.api_key}"
        return headers


async def _kept(wire: Wire) -> AsyncGenerator[None, None]:
    """Closes `wire` in time: when an event loop ends, it ends the generators that were begun in it."""
    try:
        yield
    finally:
        await wire.close()


@dataclass
class HttpxWire:
    """Carries requests through httpx: TLS, proxies, everything but plain http."""

    url: str
    connect_seconds: float
    idle_seconds: float
    _client: "httpx.AsyncClient | None" = None

    @asynccontextmanager
    async def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[Answer]:
        with self._errors(NoAnswer):
            client = self._open()
            request = client.build_request(
                method, f"{self.url}/{path}", content=body or None, headers=headers
            )
            async with patience(self.idle_seconds):
                response = await client.send(request, stream=True)
        pieces = self._pieces(response)
        try:
            yield Answer(response.status_code, _lower(response.headers), pieces)
        finally:
            await pieces.aclose()
            await response.aclose()

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()

    async def _pieces(self, response: "httpx.Response") -> AsyncGenerator[bytes, None]:
        pieces = response.aiter_bytes()
        with self._errors(NoAnswer):
            piece = await self._next(pieces)
        with self._errors(StreamBroken):
            while piece:
                yield piece
                piece = await self._next(pieces)

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes:
        async with patience(self.idle_seconds):
            return await anext(pieces, b"")

    def _open(self) -> "httpx.AsyncClient":
        if self._client is None:
            httpx = _httpx()
            parts = urlsplit(self.url)
            secure = parts.scheme == "https"
            self._client = httpx.AsyncClient(
                verify=secure,  # building a TLS context is dear, and plain http needs none
                trust_env=secure and parts.hostname not in LOOPBACK,
                timeout=httpx.Timeout(None, connect=self.connect_seconds),
            )
        return self._client

    @contextmanager
    def _errors(self, otherwise: type[GatewayError]) -> Iterator[None]:
        """Turn what httpx raises into our errors; `otherwise` is the one for silence."""
        httpx = _httpx()
        try:
            yield
        except httpx.InvalidURL as error:
            raise _no_url(self.url) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise no_answer(self.url) from error
        except TimeoutError as error:
            raise otherwise(f"{self.url} sent nothing for {self.idle_seconds:g} seconds.") from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ConnectionLost(f"The connection to {self.url} broke: {reason}.") from error


@cache
def tls_context() -> "ssl.SSLContext":
    """Trusts the authorities that httpx brings, and those that the environment names."""
    context: ssl.SSLContext = _httpx().create_ssl_context()
    return context


def _no_url(url: str) -> RequestRejected:
    hint = "It should look like http://127.0.0.1:8000/v1."
    return RequestRejected(f"{url!r} is no URL of a model server.", hint=hint)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): text for name, text in headers.items()}


@cache
def _httpx() -> ModuleType:
    """httpx without its command line, which drags in click, rich and pygments where they are installed."""
    modules: dict[str, Any] = sys.modules
    alone = "httpx" not in modules
    if alone:
        modules["httpx._main"] = None
    import httpx

    if alone:
        del modules["httpx._main"]
    return httpx
