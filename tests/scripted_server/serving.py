"""The scripted model server on a real socket of the loopback address."""

import asyncio
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from types import FrameType, TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.clocks import ENOUGH_SECONDS
from tests.scripted_server.app import Aside, Receive, Scope, ScriptedApp, Send
from tests.scripted_server.recorded import Recorded
from tests.scripted_server.replies import Step


class DroppingProtocol(H11Protocol):
    """HTTP with the ASGI extension `drop`: a function that ends the connection at once."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), "drop": transport.close}
            await inner({**scope, "extensions": extensions}, receive, send)

        self.app = app


class QuickServer(uvicorn.Server):
    """Ends when it is told to, not at the next look at the clock, and waits for no connection."""

    def __init__(self, app: ScriptedApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=DroppingProtocol,
                ws="none",
                lifespan="off",
                loop="asyncio",
                access_log=False,
                log_config=None,
                log_level="critical",
                timeout_keep_alive=600,  # a pause of the machine is no reason to hang up
            )
        )
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in [*self.server_state.connections]:
            connection.transport.abort()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.stop()

    def stop(self) -> None:
        self.should_exit = True
        if self._loop:
            self._loop.call_soon_threadsafe(self._stopping.set)


def listening(port: int = 0) -> socket.socket:
    """Takes connections from now on, also before the server runs."""
    # Without the protocol's number asyncio leaves TCP_NODELAY off, and every answer costs 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


class ScriptedServer:
    """Runs in a thread between `with` and its end.

    >>> with ScriptedServer([say("Hello.")]) as server:
    ...     httpx.post(f"{server.url}/chat/completions", json={"messages": []})
    ...     server.requests[0].body
    """

    def __init__(
        self,
        script: Iterable[Step],
        *,
        window_tokens: int | None = None,
        aside: Aside = lambda _: None,
        pages: Mapping[str, object] | None = None,
        port: int = 0,
    ) -> None:
        self.app = ScriptedApp(script, window_tokens=window_tokens, aside=aside, pages=pages)
        self._listener = listening(port)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._server = QuickServer(self.app)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    @property
    def requests(self) -> list[Recorded]:
        return self.app.requests

    @property
    def log(self) -> list[Recorded]:
        return self.app.log

    def wait_for_requests(self, count: int, *, seconds: float = ENOUGH_SECONDS) -> None:
        """Returns when that many requests for a reply have come.

        Raises:
            TimeoutError: if they do not come in time.
        """
        with self.app.came:
            if not self.app.came.wait_for(lambda: len(self.requests) >= count, seconds):
                raise TimeoutError(f"{len(self.requests)} requests came where {count} were awaited")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._thread.join(ENOUGH_SECONDS)
        self._listener.close()


@contextmanager
def scripted_server(*script: Step) -> Iterator[ScriptedServer]:
    with ScriptedServer(script) as server:
        yield server
