"""A server that says the same bytes to everybody, valid HTTP or not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Listens at the port it gives; whoever leaves has every connection closed, and its end seen."""
    writers: list[asyncio.StreamWriter] = []
    serving: list[asyncio.Task[None]] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        serving.append(asyncio.ensure_future(serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*serving, *(writer.wait_closed() for writer in writers), return_exceptions=True)


class Server:
    """Answers each request on a socket with the same bytes."""

    def __init__(self, answer: bytes, *, hangs_up: bool) -> None:
        self.answer = answer
        self.hangs_up = hangs_up
        self.asked: list[bytes] = []
        self.connections = 0
        self.ended = asyncio.Semaphore(0)
        """Released for each connection that is closed."""
        self.url = ""
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                _, _, length = head.lower().partition(b"content-length: ")
                body = await reader.readexactly(int(length.split(b"\r\n")[0] or 0) if length else 0)
                self.asked.append(head + body)
                writer.write(self.answer)
                if self.hangs_up:
                    return
        except (EOFError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.ended.release()


@asynccontextmanager
async def answering(answer: bytes, *, hangs_up: bool = False) -> AsyncIterator[Server]:
    server = Server(answer, hangs_up=hangs_up)
    async with listening(server.serve) as server.port:
        server.url = f"http://127.0.0.1:{server.port}/v1"
        yield server


@asynccontextmanager
async def late(answer: bytes) -> AsyncIterator[str]:
    """URL of a server that leaves its first visitor without an answer, and gives the same one to all others."""
    visits = count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = next(visits) > 1
        with suppress(EOFError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                if answers:
                    writer.write(answer)

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}/v1"


class HangingServer:
    """Begins to answer, and then says nothing more."""

    def __init__(self) -> None:
        self.connections = 0
        self.bodies: list[bytes] = []
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        """Set when a client closes its connection."""
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        self.bodies.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: wait\n\n")
        self.asked.set()
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            self.left.set()
            writer.close()


@asynccontextmanager
async def hanging() -> AsyncIterator[HangingServer]:
    server = HangingServer()
    async with listening(server.serve) as port:
        server.url = f"http://127.0.0.1:{port}/v1"
        yield server
