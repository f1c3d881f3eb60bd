"""Pages of the web, each from the one address that it was given: `core.tools.WebClient`.

address ── connect ──▶ TLS in the host's name ──▶ GET ──▶ head, within limits ──▶ body, up to a size
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from core.errors import ToolError, ToolTimedOut
from core.records import dataclass
from core.tools import WebResponse
from core.web import WebAddress, web_address
from gate.http import USER_AGENT, tls_context
from gate.patience import patience
from gate.plain_http import Connection

MOST_HEAD_BYTES = 2**16
MOST_TIMES = 200
"""How much larger than it came a body may be when it is unpacked; pages are five to twenty times."""
UNPACKED_ALWAYS_BYTES = 2**20
"""To which a body may be unpacked in any case."""
EMPTY = (204, 304)
"""Answers that never have a body."""
GZIP = 16 + zlib.MAX_WBITS

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected(ip: str, port: int, tls_name: str) -> Streams:
    """A connection to an IP address, encrypted in the name of a host unless that is empty. Raises OSError."""
    context = tls_context() if tls_name else None
    name = tls_name or None
    return await asyncio.open_connection(ip, port, ssl=context, server_hostname=name, limit=MOST_HEAD_BYTES)


@dataclass(frozen=True)
class DirectWebClient:
    """Follows nothing, knows no proxy, keeps no cookie and no connection."""

    connect: Callable[[str, int, str], Awaitable[Streams]] = connected

    async def get(self, url: str, *, address: str, timeout_seconds: float, max_bytes: int) -> WebResponse:
        asked = web_address(url)
        try:
            async with patience(timeout_seconds):
                return await self._answer(asked, address, timeout_seconds, max_bytes)
        except TimeoutError as error:
            raise ToolTimedOut(f"{url} was not read within {timeout_seconds:g} seconds.") from error
        except (OSError, EOFError, ValueError, zlib.error) as error:
            reason = str(error) or type(error).__name__
            raise ToolError(f"{url} could not be read: {reason}.", hint="Try another address.") from error

    async def _answer(self, asked: WebAddress, ip: str, seconds: float, max_bytes: int) -> WebResponse:
        async with self._connection(asked, ip, seconds) as connection:
            status, headers = await connection.ask(_message(asked))
            body = b"" if status in EMPTY else await _body(connection, headers, max_bytes + 1)
        plain = unpacked(body, headers, max_bytes)
        complete = max(len(body), len(plain)) <= max_bytes
        return WebResponse(status=status, headers=headers, body=plain[:max_bytes], complete=complete)

    @asynccontextmanager
    async def _connection(self, asked: WebAddress, ip: str, seconds: float) -> AsyncIterator[Connection]:
        tls_name = asked.host if asked.scheme == "https" else ""
        reader, writer = await self.connect(ip, asked.port, tls_name)
        try:
            yield Connection(reader, writer, seconds)
        finally:
            writer.transport.abort()


async def _body(connection: Connection, headers: Mapping[str, str], most: int) -> bytes:
    body = bytearray()
    async for piece in connection.body(headers):
        body += piece
        if len(body) >= most:
            break
    return bytes(body[:most])


def _message(asked: WebAddress) -> bytes:
    lines = (
        f"GET {asked.target} HTTP/1.1",
        f"host: {asked.place}",
        f"user-agent: {USER_AGENT}",
        "accept: text/html,text/plain,application/json;q=0.9,*/*;q=0.5",
        "accept-encoding: identity",
        "connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def unpacked(body: bytes, headers: Mapping[str, str], most: int) -> bytes:
    """At most one byte more than `most`; some servers pack although they were asked not to.

    Raises:
        ValueError: it is packed in another way, or grows so much that it is meant to.
        zlib.error: it is not packed as it says.
    """
    match headers.get("content-encoding", "").strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            unpacking = zlib.decompressobj(GZIP)
        case "deflate":
            is_wrapped = body[:1] == b"\x78"
            unpacking = zlib.decompressobj(zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS)
        case way:
            raise ValueError(f"it is packed as {way[:40]!r}")
    plain = unpacking.decompress(body, most + 1)
    if len(plain) > max(UNPACKED_ALWAYS_BYTES, MOST_TIMES * len(body)):
        raise ValueError(f"it unpacks to more than {MOST_TIMES} times its size")
    return plain
