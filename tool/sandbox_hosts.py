"""The way from a sandbox to the hosts it may reach: a proxy in the agent, at every connection.

    command ──▶ 127.0.0.1:3128 of its own network ──▶ here: for whom? ──▶ resolved, checked ──▶ that address
                (opened by tool/sandbox_door.py)

`CONNECT` gets a tunnel, and every other request a connection of its own: nothing that comes after it can be
meant for somebody else. Names are resolved here, never inside.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from core.errors import ToolError
from core.web import PORTS, WebAddress, WebRules
from tool.addresses import addresses_of, is_own, is_public
from tool.proxy_requests import MOST_HEAD_BYTES, NotForwarded, ProxyRequest, proxy_request
from tool.sandbox_door import PORT

MOST_CONNECTIONS = 64
"""At a time; further ones wait."""
MOST_ADDRESSES = 3
HEAD_SECONDS, CONNECT_SECONDS = 30.0, 20.0
CHUNK_BYTES = 65_536
MOST_NAMED = 5
URL = f"http://127.0.0.1:{PORT}"
NO_PROXY = "localhost,127.0.0.1,::1"
ENVIRONMENT = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), URL),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), NO_PROXY),
}
"""How programs inside learn of it. It is no wall: there is no other way out, whatever they do."""

Connect = Callable[[str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@dataclass
class HostProxy:
    """Serves one sandbox, until its task is cancelled."""

    hosts: tuple[str, ...]
    """Each as `host`, which stands for ports 80 and 443, or `host:port`; `*.host` for all names below."""
    private_hosts: tuple[str, ...] = ()
    resolve: Callable[[str, int], Awaitable[tuple[str, ...]]] = addresses_of
    connect: Connect = asyncio.open_connection
    is_own: Callable[[str], bool] = is_own
    refused: dict[str, None] = field(default_factory=dict)
    """Whom a command asked for in vain, in order."""

    @property
    def note(self) -> str:
        """For the model and the person; empty when nothing was refused."""
        if not self.refused:
            return ""
        named = ", ".join(list(self.refused)[:MOST_NAMED])
        return f"Not reached: {named}. Commands may reach only the hosts that sandbox_hosts names."

    async def serve(self, door: socket.socket) -> None:
        """Take the listening socket from inside, and serve whoever connects to it."""
        loop = asyncio.get_running_loop()
        with await _handed_over(door) as listener:
            listener.setblocking(False)
            free = asyncio.Semaphore(MOST_CONNECTIONS)
            async with asyncio.TaskGroup() as group:
                while True:
                    await free.acquire()
                    caller, _ = await loop.sock_accept(listener)
                    group.create_task(self._attend(caller)).add_done_callback(lambda _: free.release())

    async def _attend(self, caller: socket.socket) -> None:
        """One connection, from its first byte to its last."""
        reader, writer = await asyncio.open_connection(sock=caller, limit=MOST_HEAD_BYTES)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await proxy_request(reader)
            upstream = await self._reached(request.address)
            await _relay(request, (reader, writer), upstream)
        except NotForwarded as error:
            writer.write(error.answer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return  # whoever asked went away
        finally:
            writer.close()  # what was written to it is still sent

    async def _reached(self, address: WebAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connected to an address that was checked. Raises NotForwarded."""
        place = f"{address.host}:{address.port}"
        if not is_named(address, self.hosts):
            self.refused[place] = None
            raise NotForwarded(403, f"{place} is not one of sandbox_hosts")
        try:
            found = await self.resolve(address.host, address.port)
        except ToolError as error:
            raise NotForwarded(502, error.args[0]) from error
        private = WebRules(private_hosts=self.private_hosts).allows_private(address)
        if not private and (inner := [ip for ip in found if not is_public(ip) or self.is_own(ip)]):
            self.refused[place] = None
            raise NotForwarded(
                403, f"{address.host} is {inner[0]}, which is neither public nor private_hosts"
            )
        for ip in found[:MOST_ADDRESSES]:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self.connect(ip, address.port)
        raise NotForwarded(502, f"{place} does not answer")


def is_named(address: WebAddress, hosts: Sequence[str]) -> bool:
    for named in hosts:
        host, colon, port = named.rpartition(":")
        if not colon or "]" in port:
            host, port = named, ""
        host = host.strip("[]")
        below = host.startswith("*.") and not address.is_number and address.host.endswith(host[1:])
        ports = {port} if port else set(map(str, PORTS.values()))
        if (below or host == address.host) and str(address.port) in ports:
            return True
    return False


@dataclass(frozen=True)
class Way:
    """What a sandbox gets of its proxy."""

    proxy: HostProxy
    descriptor: int
    environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT)


@asynccontextmanager
async def way_to(proxy: HostProxy) -> AsyncIterator[Way]:
    """A way for one sandbox, served for as long as the block lasts."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        serving = asyncio.create_task(proxy.serve(ours))
        try:
            yield Way(proxy, theirs.fileno())
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await serving


async def _handed_over(door: socket.socket) -> socket.socket:
    """Raises ConnectionError when nobody inside handed anything over."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(door, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(door)
    _, descriptors, _, _ = socket.recv_fds(door, 1, 1)
    if not descriptors:
        raise ConnectionError("the sandbox has no way to its hosts")
    return socket.socket(fileno=descriptors[0])


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _relay(request: ProxyRequest, caller: Ends, upstream: Ends) -> None:
    """Bytes both ways, until the answer ends; of a request without a tunnel only its own body goes there."""
    (asked, answering), (answered, asking) = caller, upstream
    if request.is_tunnel:
        answering.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    asking.write(request.head)
    sending = asyncio.create_task(_copy(asked, asking, request.body_bytes))
    try:
        await _copy(answered, answering, None)
        if request.is_tunnel:
            await sending
    finally:
        asking.close()
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, most: int | None) -> None:
    """Until the source ends or `most` bytes went over; None is no bound, and passes the end on."""
    left = most
    with suppress(OSError):
        while left is None or left > 0:
            chunk = await source.read(CHUNK_BYTES if left is None else min(left, CHUNK_BYTES))
            if not chunk:
                break
            left = left if left is None else left - len(chunk)
            sink.write(chunk)
            await sink.drain()
        if left is None:
            sink.write_eof()
