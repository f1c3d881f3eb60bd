"""HTTP/1.1 to a server that needs no encryption: asyncio and nothing else.

Most model servers are on this machine, and loading httpx costs more than everything before the first request.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from urllib.parse import urlsplit

from core.errors import ConnectionLost, GatewayError, NoAnswer, StreamBroken
from core.records import dataclass
from gate.answers import Answer
from gate.patience import patience

PIECE_BYTES = LONGEST_LINE_BYTES = 2**16
MOST_HEADERS = 200
MOST_INTERIM = 20
"""Answers that only say that another one will come, and lines behind the last piece of a body."""


def no_answer(url: str) -> NoAnswer:
    """Nobody listens there. Where Roost's own server would listen, how it is started is told, too."""
    parts = urlsplit(url)
    is_ours = parts.hostname in ("127.0.0.1", "localhost", "::1") and parts.port == 8000
    hint = f"Is the model server running?{' ./runsv.sh or `roost serve` starts one.' * is_ours}"
    return NoAnswer(f"No answer from {url}.", hint=hint)


@dataclass
class PlainWire:
    """Connections to one `http://` URL, a valid one; those that were read to the end are used again."""

    url: str
    connect_seconds: float
    idle_seconds: float
    dead_seconds: float = 0.25
    """One that is closed within this time of a request was closed without regard to it."""
    _idle: "list[Connection]" = field(default_factory=list)

    @asynccontextmanager
    async def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[Answer]:
        message = self._head(method, path, headers, len(body)) + body
        connection, status, answered = await self._asked(message)
        pieces = self._pieces(connection, answered)
        try:
            yield Answer(status, answered, pieces)
        finally:
            await pieces.aclose()
            if connection.reusable:
                self._idle.append(connection)
            else:
                connection.writer.transport.abort()

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().writer.close()

    def _head(self, method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
        parts = urlsplit(self.url)
        lines = [
            f"{method} {parts.path}/{path} HTTP/1.1",
            f"host: {parts.netloc}",
            f"content-length: {length}",
        ]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()

    async def _asked(self, message: bytes) -> "tuple[Connection, int, dict[str, str]]":
        """Send `message` and read the head of the answer; an old connection may turn out to be dead."""
        while self._idle:
            connection = self._idle.pop()
            if await connection.has_ended():
                connection.writer.transport.abort()
                continue
            begun = time.monotonic()
            try:
                return await self._answered(connection, message)
            except ConnectionLost:
                if time.monotonic() - begun > self.dead_seconds:
                    raise  # it was alive, and the message may have been the end of the server
        return await self._answered(await self._connected(), message)

    async def _answered(
        self, connection: "Connection", message: bytes
    ) -> "tuple[Connection, int, dict[str, str]]":
        try:
            return connection, *await connection.ask(message)
        except TimeoutError as error:
            raise self._silence(NoAnswer) from error
        except (OSError, EOFError, ValueError) as error:
            raise ConnectionLost(f"{self.url} closed the connection without an answer.") from error

    async def _connected(self) -> "Connection":
        parts = urlsplit(self.url)
        try:
            async with patience(self.connect_seconds):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        except OSError as error:
            raise no_answer(self.url) from error
        return Connection(reader, writer, self.idle_seconds)

    async def _pieces(
        self, connection: "Connection", headers: Mapping[str, str]
    ) -> AsyncGenerator[bytes, None]:
        begun = False
        try:
            async for piece in connection.body(headers):
                begun = True
                yield piece
        except TimeoutError as error:
            raise self._silence(StreamBroken if begun else NoAnswer) from error
        except (OSError, EOFError, ValueError) as error:
            raise ConnectionLost(
                f"The connection to {self.url} broke in the middle of the answer."
            ) from error

    def _silence(self, kind: type[GatewayError]) -> GatewayError:
        hint = "Is the model too large for this machine?" * (kind is NoAnswer)
        return kind(f"{self.url} sent nothing for {self.idle_seconds:g} seconds.", hint=hint)


@dataclass
class Connection:
    """One connection to a server that speaks HTTP/1.1, or claims to.

    Raises TimeoutError when nothing comes for too long, and OSError, EOFError or ValueError for what is no
    answer: also for one with too many headers, or with headers that are too long.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_seconds: float
    reusable: bool = False
    _rest: bytearray = field(default_factory=bytearray)
    """What has come, and was not looked at yet."""

    async def has_ended(self) -> bool:
        """Whether the server has closed it, as far as this machine knows."""
        for _ in range(2):  # once for the loop to look at the socket, once for it to tell
            await asyncio.sleep(0)
        return self.reader.at_eof() or self.writer.is_closing()

    async def ask(self, message: bytes) -> tuple[int, dict[str, str]]:
        """The status and the headers of the answer to `message`; without one the connection is dropped."""
        self.reusable = False
        answered = False
        try:
            self.writer.write(message)
            with suppress(ConnectionError):  # a server may refuse before it has read everything
                await self.writer.drain()
            head = await self._head()
            answered = True
        finally:
            if not answered:
                self.writer.transport.abort()
        return head

    async def _head(self) -> tuple[int, dict[str, str]]:
        for _ in range(MOST_INTERIM):
            head = await self._until(b"\r\n\r\n", what="its head")
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            status = _status(first)
            if len(lines) > MOST_HEADERS:
                raise ValueError(f"it has {len(lines)} headers")
            if not 100 <= status < 200:
                break
        else:
            raise ValueError("it only says that an answer will come")
        named = (line.partition(":") for line in lines)
        return status, {name.strip().lower(): text.strip() for name, _, text in named}

    async def body(self, headers: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            while left := _size((await self._until(b"\r\n")).partition(b";")[0].decode("latin-1"), 16):
                async for piece in self._exactly(left):
                    yield piece
                await self._until(b"\r\n")
            for _ in range(MOST_INTERIM):
                if await self._until(b"\r\n") == b"\r\n":
                    break
            else:
                raise ValueError("its body has no end")
        elif "content-length" in headers:
            async for piece in self._exactly(_size(headers["content-length"])):
                yield piece
        else:
            while piece := await self._some(PIECE_BYTES):
                yield piece
            return
        self.reusable = headers.get("connection", "").lower() != "close"

    async def _exactly(self, count: int) -> AsyncGenerator[bytes, None]:
        while count:
            piece = await self._some(min(count, PIECE_BYTES))
            if not piece:
                raise EOFError
            count -= len(piece)
            yield piece

    async def _some(self, count: int) -> bytes:
        """What comes next, `count` bytes at most; none at the end."""
        if not self._rest:
            await self._more()
        return self._taken(count)

    async def _until(self, end: bytes, *, what: str = "a line of it") -> bytes:
        """What comes up to and with `end`."""
        searched = 0
        while (place := self._rest.find(end, searched)) < 0:
            if len(self._rest) > LONGEST_LINE_BYTES:
                raise ValueError(f"{what} is longer than {LONGEST_LINE_BYTES} bytes")
            searched = max(0, len(self._rest) - len(end) + 1)
            if not await self._more():
                raise EOFError
        return self._taken(place + len(end))

    async def _more(self) -> bool:
        """Wait for what arrives next, with what arrived meanwhile: each wait has its own patience."""
        async with patience(self.idle_seconds):
            piece = await self.reader.read(PIECE_BYTES)
        self._rest += piece
        return bool(piece)

    def _taken(self, count: int) -> bytes:
        taken = bytes(self._rest[:count])
        del self._rest[:count]
        return taken


def _size(text: str, base: int = 10) -> int:
    """A count as HTTP writes it, without sign or blanks. Raises ValueError."""
    text = text.strip()
    if not text.isascii() or not text.isalnum():
        raise ValueError(f"{text[:40]!r} is no size")
    return int(text, base)


def _status(line: str) -> int:
    """Raises ValueError."""
    if not line.startswith("HTTP/1."):
        raise ValueError(f"{line[:40]!r} is no answer of HTTP/1")
    return _size(line.partition(" ")[2].partition(" ")[0])
