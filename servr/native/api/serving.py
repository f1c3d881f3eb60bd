"""The model server on its port: opened, told of, and ended in order when the process is asked to end."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from core.errors import ConfigError
from servr.native.api.app import make_app, pages_of
from servr.native.api.guard import is_loopback
from servr.native.api.patience import PatientProtocol
from servr.native.api.request_thread import RequestThread
from servr.native.parts import Served

GRACE_SECONDS = 5.0
GRACE_AFTER_SECONDS = 20
"""How long a client may take to read what it was told at the end."""
LAST_SECONDS = 0.5
IDLE_SECONDS = 75
"""How long a connection is kept that nothing is asked on; clients keep theirs for a minute at most."""


async def serve(
    served: Served,
    *,
    host: str,
    port: int,
    token: str = "",
    say: Callable[[str], None],
    grace_seconds: float = GRACE_SECONDS,
    protocol: type[PatientProtocol] = PatientProtocol,
) -> bool:
    """Until SIGTERM or SIGINT comes; then the parts are closed.

    Args:
        served: closed at the end.
        host: an address, or a name of one.
        port: 0 for any that is free.
        token: what clients have to send; only a loopback address may do without.
        say: is told where the server listens, once it does.
        grace_seconds: how long replies may go on after the signal; then the engine ends them.
        protocol: of each connection, and how long it waits for its client.

    Returns:
        Whether it ended in order; False after a second signal, when nothing was waited for and the engine may
        still be at work.

    Raises:
        ConfigError: no token where one is needed, or the address cannot be had.
    """
    if not token and not is_loopback(host):
        raise ConfigError(
            f"Whoever can reach {host!r} could use the model.", hint="Give a token, or serve at 127.0.0.1."
        )
    pages, thread = pages_of(served), RequestThread()
    app = make_app(pages, thread, token=token, local_only=is_loopback(host))
    config = uvicorn.Config(
        app,
        http=protocol,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(grace_seconds) + GRACE_AFTER_SECONDS,
        timeout_keep_alive=IDLE_SECONDS,
    )
    with opened(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        line = f"Roost serves {pages.name} at http://{shown}:{listener.getsockname()[1]}/v1"
        server = _Server(config, lambda: say(line), pages.close, grace_seconds)
        await server.serve([listener])
    thread.close()
    return not server.force_exit


def opened(host: str, port: int) -> socket.socket:
    """Where clients are let in, to whom small pieces leave at once. Raises ConfigError.

    asyncio sees to that only where it has made the socket; else a piece may wait 40 ms for the one before.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        said = f"{host}:{port} cannot be served at: {error.strerror or error}."
        raise ConfigError(said, hint="Is another server there? Take another port.") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # those let in have it from here
    return listener


class _Server(uvicorn.Server):
    """Says when it listens, and ends after the first signal as after any other end: by returning."""

    def __init__(
        self,
        config: uvicorn.Config,
        opened: Callable[[], None],
        close: Callable[[], Awaitable[None]],
        grace_seconds: float,
    ) -> None:
        super().__init__(config)
        self._opened = opened
        self._close = close
        self._grace_seconds = grace_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._opened()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        answered = asyncio.Event()
        ending = asyncio.create_task(self._end(answered))
        await super().shutdown(sockets)
        answered.set()
        if self.force_exit:
            ending.cancel()
            await self._hang_up()
        else:
            await ending

    async def _hang_up(self) -> None:
        """Clients hear it, and what is done for them is ended as if they had gone."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if tasks := self.server_state.tasks:
            await asyncio.wait(tasks, timeout=LAST_SECONDS)

    async def _end(self, answered: asyncio.Event) -> None:
        """Replies that are still written when the time is over are told so by the engine."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace_seconds):
                await answered.wait()
        await self._close()
