"""A web for fetch: one server that plays every public host, and one on this machine that must not be heard of."""

import asyncio
import gzip
import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from bench.fuzzing.urls import is_public
from core.errors import ToolError
from gate.web import Streams, connected

PUBLIC = "93.184.216.34"
DEAD = "1.1.1.1"
HOSTS = {"public.example": [[PUBLIC]], "localhost": [["127.0.0.1"]]}
CHUNK = b"x" * 65_536


@dataclass
class Web:
    """What one row lives in, and what was done to it."""

    hosts: Mapping[str, Sequence[Sequence[str]]]
    pages: Mapping[str, Mapping[str, Any]]
    public_port: int = 0
    inside_port: int = 0
    reached: list[str] = field(default_factory=list)
    """Addresses that were connected to."""
    heard: int = 0
    """Connections to the server inside."""
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    _resolved: Counter[str] = field(default_factory=Counter)
    _serving: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        if host in self.hosts:
            self._resolved[host] += 1
            answers = self.hosts[host]
            return tuple(answers[min(self._resolved[host], len(answers)) - 1])
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError) as error:
            raise ToolError(f"There is no host {host!r}.") from error
        return tuple(str(entry[4][0]) for entry in found)

    async def connect(self, ip: str, port: int, tls_name: str) -> Streams:
        self.reached.append(ip)
        if ip == DEAD:
            raise ConnectionRefusedError
        if is_public(ip):
            return await connected("127.0.0.1", self.public_port, "")
        return await connected(ip, port, tls_name)

    def accept_public(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving[asyncio.ensure_future(self.public(reader, writer))] = writer

    def accept_inside(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving[asyncio.ensure_future(self.inside(reader, writer))] = writer

    async def end(self) -> None:
        """Close whatever connections there are, and see them closed."""
        for task, writer in self._serving.items():
            task.cancel()
            writer.transport.abort()
        closing = (writer.wait_closed() for writer in self._serving.values())
        await asyncio.gather(*self._serving, *closing, return_exceptions=True)

    async def inside(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nhello")
        with suppress(ConnectionError):
            writer.write_eof()
            await reader.read()
        writer.close()

    async def public(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, EOFError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            page = self.pages.get(request.split(b" ")[1].decode(), {"status": 404})
            if hostile := page.get("hostile"):
                await self._harm(hostile, writer)
            else:
                await self._send(writer, answer_of(page, self.inside_port))
        writer.close()

    async def _harm(self, kind: str, writer: asyncio.StreamWriter) -> None:
        first, repeated, seconds = HOSTILE[kind]
        await self._send(writer, first)
        while repeated:
            await asyncio.sleep(seconds)
            await self._send(writer, repeated)

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)


def answer_of(page: Mapping[str, Any], port: int) -> bytes:
    headers = {name: str(given) for name, given in page.items() if name not in ("status", "body")}
    headers.setdefault("content-type", "text/plain")
    body = str(page.get("body", "")).replace("{port}", str(port)).encode()
    if headers.get("content-encoding") == "gzip":
        body = gzip.compress(body)
    if headers.get("transfer-encoding") == "chunked":
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    lines = [f"{name}: {text}".replace("{port}", str(port)) for name, text in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {page['status']} x", *lines, "", ""]).encode() + body


def _page(headers: bytes, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + body


_BOMB = gzip.compress(bytes(20_000_000))
HOSTILE: Mapping[str, tuple[bytes, bytes, float]] = {
    "endless body": (_page(b"content-type: text/plain\r\n"), CHUNK, 0),
    "endless pieces": (_page(b"transfer-encoding: chunked\r\n"), b"10000\r\n" + CHUNK + b"\r\n", 0),
    "endless header": (b"HTTP/1.1 200 OK\r\na: ", CHUNK, 0),
    "endless headers": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 100, 0),
    "endless hints": (b"", b"HTTP/1.1 103 x\r\nlink: a\r\n\r\n", 0),
    "endless line": (b"HTTP/1.1 200 ", CHUNK, 0),
    "endless trailers": (_page(b"transfer-encoding: chunked\r\n", b"0\r\n"), b"a: b\r\n", 0),
    "drip": (_page(b"content-type: text/plain\r\n"), b"x", 0.01),
    "dripping head": (b"HTTP/1.1 200 OK\r\na: ", b"x", 0.01),
    "silence": (b"", b" ", 60),
    "slow redirect": (b"HTTP/1.1 302 x\r\nlocation: /\r\n", b"a: b\r\n", 0.1),
    "bomb": (_page(b"content-encoding: gzip\r\n", _BOMB), b"", 0),
    "nested bomb": (_page(b"content-encoding: gzip, gzip\r\n", gzip.compress(_BOMB)), b"", 0),
    "negative length": (_page(b"content-length: -1\r\n"), CHUNK, 0),
    "slow charset": (_page(b"content-type: text/plain; charset=punycode\r\n", b"abcdefgh" * 250_000), b"", 0),
    "open tags": (_page(b"content-type: text/html\r\n", b"<a href=x " * 400_000), b"", 0),
    "no status": (b"HTTP/1.1\r\n\r\n", b"", 0),
}
"""What is sent at once, then again and again, and after how many seconds each time."""


@asynccontextmanager
async def web_of(row: Mapping[str, Any]) -> AsyncIterator[Web]:
    web = Web(HOSTS | row.get("hosts", {}), row.get("pages", {}))
    public = await asyncio.start_server(web.accept_public, "127.0.0.1", 0)
    inside = await asyncio.start_server(web.accept_inside, "127.0.0.1", 0)
    web.public_port = public.sockets[0].getsockname()[1]
    web.inside_port = inside.sockets[0].getsockname()[1]
    servers = [public, inside]
    with suppress(OSError):  # a machine without IPv6
        servers.append(await asyncio.start_server(web.accept_inside, "::1", web.inside_port))
    try:
        yield web
    finally:
        for server in servers:
            server.close()
        await web.end()
