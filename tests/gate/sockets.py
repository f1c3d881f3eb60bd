"""A server that says the same bytes to everybody, valid HTTP or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Server:
    """Answers each request on a socket with the same bytes."""

    def __init__(self, answer: bytes, *, hangs_up: bool) -> None:
        self.answer = answer
        self.hangs_up = hangs_up
        self.asked: list[bytes] = []
        self.connections = 0
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


@asynccontextmanager
async def answering(answer: bytes, *, hangs_up: bool = False) -> AsyncIterator[Server]:
    server = Server(answer, hangs_up=hangs_up)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{server.port}/v1"
    try:
        yield server
    finally:
        listener.close()
