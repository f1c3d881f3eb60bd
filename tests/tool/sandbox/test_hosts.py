"""The proxy that leads from a sandbox to the hosts it may reach, asked as a hostile command would ask it."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from boot.confinement import policy_for
from boot.paths import Folders
from core.errors import ToolError
from core.sandbox import Command
from core.web import web_address
from tests.tool.commanding import limits
from tests.tool.sandbox.area import why_not
from tool import sandbox_hosts
from tool.sandbox_bubblewrap import BubblewrapBackend, bubblewrap_program
from tool.sandbox_hosts import HostProxy, is_named, way_to

PUBLIC = "93.184.215.14"
ADDRESSES = {
    "good.example": (PUBLIC,),
    "many.example": ("2606:2800:21f::1", "2606:2800:21f::2", PUBLIC, "93.184.215.15"),
    "inner.example": ("10.0.0.5",),
    "turns.example": (PUBLIC, "127.0.0.1"),
    "metadata.example": ("169.254.169.254",),
    "corp.example": ("192.168.7.7",),
    "own.example": ("2606:2800:21f::99",),
}
HOSTS = (
    *ADDRESSES,
    "missing.example",
    "*.wild.example",
    "port.example:8080",
    "127.0.0.1:9",
    "refuses.example",
)


@dataclass
class Internet:
    """Answers with what it was asked, and remembers at which address."""

    asked: list[tuple[str, int]] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    closes_at_once: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        if host == "missing.example":
            raise ToolError("There is no host 'missing.example'.")
        return ADDRESSES.get(host, (PUBLIC,))

    async def connect(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.asked.append((address, port))
        if ":" in address:
            raise OSError("no IPv6 here")
        ours, theirs = socket.socketpair()
        self.tasks.append(asyncio.create_task(self._serve(theirs)))
        return await asyncio.open_connection(sock=ours)

    async def _serve(self, end: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=end)
        if not self.closes_at_once:
            said = b""
            while not said.endswith((b"\r\n\r\n", b"BYE")):
                if not (chunk := await reader.read(65_536)):
                    break
                said += chunk
            self.heard.append(said)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nfrom the host")
        await shut(writer)


async def shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def served(internet: Internet) -> AsyncIterator[tuple[HostProxy, int]]:
    """A proxy, and the port that a sandbox would see it at: its part is played by the test."""
    proxy = HostProxy(
        HOSTS,
        ("corp.example",),
        resolve=internet.resolve,
        connect=internet.connect,
        is_own=lambda address: address.endswith("::99"),
    )
    async with way_to(proxy) as way:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.socket(fileno=os.dup(way.descriptor)) as door,
        ):
            port = listener.getsockname()[1]
            socket.send_fds(door, [b"+"], [listener.fileno()])
        yield proxy, port
    await asyncio.gather(*internet.tasks)


async def answer(port: int, *said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in said:
        writer.write(piece)
        await writer.drain()
    found = await reader.read()
    await shut(writer)
    return found


async def asked(said: bytes) -> tuple[bytes, Internet, HostProxy]:
    internet = Internet()
    async with served(internet) as (proxy, port):
        return await answer(port, said), internet, proxy


async def test_a_request_is_forwarded_in_our_words_to_the_address_that_was_checked() -> None:
    found, internet, proxy = await asked(
        b"GET http://GOOD.example./a?b=c#d HTTP/1.1\r\nHost: evil.example\r\nHost: other\r\nAccept: */*\r\n"
        b"Proxy-Authorization: x\r\nConnection: keep-alive, X-One-Hop\r\nX-One-Hop: y\r\nUpgrade: h2c\r\n\r\n"
    )

    assert found == b"HTTP/1.1 200 OK\r\n\r\nfrom the host"
    assert internet.asked == [(PUBLIC, 80)]
    assert internet.heard == [
        b"GET /a?b=c HTTP/1.1\r\nhost: good.example\r\nconnection: close\r\naccept: */*\r\n\r\n"
    ]
    assert proxy.note == ""


async def test_a_body_is_forwarded_to_its_told_length_and_no_further() -> None:
    _, internet, _ = await asked(
        b"POST http://good.example/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nbody: BYE"
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    )

    assert len(internet.heard) == 1
    assert internet.heard[0].endswith(b"\r\ncontent-length: 9\r\n\r\nbody: BYE")


async def test_a_second_request_on_a_connection_reaches_nobody() -> None:
    found, internet, proxy = await asked(
        b"GET http://good.example/ HTTP/1.1\r\n\r\nCONNECT evil.example:443 HTTP/1.1\r\n\r\n"
    )

    assert found.count(b"HTTP/1.1") == 1
    assert [said.count(b"evil") for said in internet.heard] == [0]
    assert len(internet.asked) == 1
    assert proxy.refused == {}


async def test_a_tunnel_carries_bytes_both_ways_to_one_address() -> None:
    internet = Internet()
    async with served(internet) as (_, port):
        found = await answer(
            port, b"CONNECT good.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"hello BYE"
        )

    assert found == b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\n\r\nfrom the host"
    assert (internet.asked, internet.heard) == ([(PUBLIC, 443)], [b"hello BYE"])


async def test_a_connect_inside_a_tunnel_is_bytes_for_that_host_and_nothing_to_us() -> None:
    internet = Internet()
    async with served(internet) as (_, port):
        await answer(
            port, b"CONNECT good.example:443 HTTP/1.1\r\n\r\nCONNECT evil.example:443 HTTP/1.1\r\n\r\n"
        )

    assert internet.asked == [(PUBLIC, 443)]
    assert internet.heard == [b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n"]


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("evil.example", "evil.example:443 is not one of sandbox_hosts"),
        ("good.example.evil.example", "good.example.evil.example:443 is not one of sandbox_hosts"),
        ("inner.example", "inner.example is 10.0.0.5, which is neither public nor private_hosts"),
        ("turns.example", "turns.example is 127.0.0.1, which is neither public nor private_hosts"),
        (
            "metadata.example",
            "metadata.example is 169.254.169.254, which is neither public nor private_hosts",
        ),
        ("own.example", "own.example is 2606:2800:21f::99, which is neither public nor private_hosts"),
        ("127.0.0.1", "127.0.0.1:443 is not one of sandbox_hosts"),
        ("[::1]", "::1:443 is not one of sandbox_hosts"),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1:443 is not one of sandbox_hosts"),
        ("wild.example", "wild.example:443 is not one of sandbox_hosts"),
        ("evilwild.example", "evilwild.example:443 is not one of sandbox_hosts"),
        ("port.example", "port.example:443 is not one of sandbox_hosts"),
    ],
)
async def test_hosts_that_are_not_named_or_not_public_are_refused_and_told(host: str, reason: str) -> None:
    found, internet, proxy = await asked(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())

    assert found.startswith(f"HTTP/1.1 403 {reason}\r\n".encode())
    assert internet.asked == []
    assert proxy.note == (
        f"Not reached: {host.strip('[]') if host != '[::ffff:127.0.0.1]' else '::ffff:7f00:1'}:443."
        " Commands may reach only the hosts that sandbox_hosts names."
    )


@pytest.mark.parametrize(
    ("target", "at"),
    [
        ("a.wild.example:443", (PUBLIC, 443)),
        ("a.b.wild.example:443", (PUBLIC, 443)),
        ("port.example:8080", (PUBLIC, 8080)),
        ("good.example:80", (PUBLIC, 80)),
        ("corp.example:443", ("192.168.7.7", 443)),
    ],
)
async def test_hosts_that_are_named_are_reached(target: str, at: tuple[str, int]) -> None:
    found, internet, _ = await asked(f"CONNECT {target} HTTP/1.1\r\n\r\nBYE".encode())

    assert found.startswith(b"HTTP/1.1 200")
    assert internet.asked == [at]


async def test_a_few_addresses_are_tried_in_turn() -> None:
    found, internet, _ = await asked(b"CONNECT many.example:443 HTTP/1.1\r\n\r\nBYE")

    assert found.startswith(b"HTTP/1.1 200")
    assert internet.asked == [(address, 443) for address in ADDRESSES["many.example"][:3]]


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("missing.example", "There is no host 'missing.example'."),
        ("refuses.example", "refuses.example:443 does not answer"),
    ],
)
async def test_hosts_that_do_not_answer_are_told(
    host: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ADDRESSES, "refuses.example", ("2606:2800:21f::1",))

    found, _, proxy = await asked(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())

    assert found.startswith(f"HTTP/1.1 502 {reason}\r\n".encode())
    assert proxy.note == ""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: good.example\r\n\r\n", 400),
        (b"GET https://good.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET ftp://good.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://good.example@evil.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://evil.example\\@good.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://good.example HTTP/2.0\r\n\r\n", 400),
        (b"GET  http://good.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://good.example/ x HTTP/1.1\r\n\r\n", 400),
        (b"GET http://good.example/\tHTTP/1.1\r\n\r\n", 400),
        (b"\r\nGET http://good.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://good.example/ HTTP/1.1\nHost: evil.example\r\n\r\n", 400),
        (b"GET http://good.example/ HTTP/1.1\r\nA: b\nGET http://evil.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://good.example/ HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET http://good.example/ HTTP/1.1\r\nA : b\r\n\r\n", 400),
        (b"GET http://good.example/ HTTP/1.1\r\nA: b\0c\r\n\r\n", 400),
        (b"GET http://good.example/ HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST http://good.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST http://good.example/ HTTP/1.1\r\nContent-Length: +1\r\n\r\na", 400),
        (b"POST http://good.example/ HTTP/1.1\r\nContent-Length: 0x1\r\n\r\na", 400),
        (b"POST http://good.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST http://good.example/ HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 1\r\n\r\na", 411),
        (b"GET http://good.example/ HTTP/1.1\r\n" + b"A: b\r\n" * 12_000 + b"\r\n", 431),
        (b"CONNECT good.example HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT good.example:443/x HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT good.example:443?x HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT evil.example:443@good.example:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT http://good.example:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT good.example:0 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT good.example:99999 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT good.example%00.evil.example:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT 0x7f.1:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT 2130706433:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT [fe80::1%25eth0]:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT g\xf6\xf6d.example:443 HTTP/1.1\r\n\r\n", 400),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
    ],
)
async def test_what_two_readers_could_read_differently_is_refused(said: bytes, status: int) -> None:
    found, internet, _ = await asked(said)

    assert found.startswith(b"HTTP/1.1 %d " % status), found
    assert (internet.asked, internet.heard) == ([], [])


async def test_who_goes_away_in_the_middle_leaves_the_proxy_as_it_was() -> None:
    internet = Internet(closes_at_once=True)
    async with served(internet) as (_, port):
        for said in (b"", b"GET http://good", b"CONNECT good.example:443 HTTP/1.1\r\n\r\n" + b"x" * 300_000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            writer.transport.abort()
            await shut(writer)
        internet.closes_at_once = False

        assert (await answer(port, b"CONNECT good.example:443 HTTP/1.1\r\n\r\nBYE")).startswith(
            b"HTTP/1.1 200"
        )


async def test_many_connections_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    internet = Internet()
    async with served(internet) as (_, port):
        said = b"CONNECT good.example:443 HTTP/1.1\r\n\r\nBYE"
        found = await asyncio.gather(
            *(answer(port, said) for _ in range(sandbox_hosts.MOST_CONNECTIONS + 20))
        )

    assert {text.startswith(b"HTTP/1.1 200") for text in found} == {True}


async def test_a_sandbox_that_hands_nothing_over_has_no_way() -> None:
    async with way_to(HostProxy(("good.example",))) as way:
        door = socket.socket(fileno=os.dup(way.descriptor))
        door.send(b"+")
        door.close()
        for _ in range(10):
            await asyncio.sleep(0)

    assert way.proxy.note == ""


@pytest.mark.parametrize(
    ("hosts", "url", "named"),
    [
        (["pypi.org"], "https://pypi.org", True),
        (["pypi.org"], "http://pypi.org", True),
        (["pypi.org"], "https://pypi.org:8443", False),
        (["pypi.org:8443"], "https://pypi.org:8443", True),
        (["pypi.org:8443"], "https://pypi.org", False),
        (["pypi.org"], "https://xpypi.org", False),
        (["*.pypi.org"], "https://files.pypi.org", True),
        (["*.pypi.org"], "https://pypi.org", False),
        (["*.pypi.org:81"], "http://files.pypi.org:81", True),
        (["*.0.0.1"], "http://127.0.0.1", False),
        (["[::1]:8000"], "http://[::1]:8000", True),
        (["[::1]"], "http://[::1]", True),
        (["[::1]"], "http://[::1]:8000", False),
        (["10.0.0.1:80", "b.org"], "http://10.0.0.1", True),
        ([], "https://pypi.org", False),
    ],
)
def test_which_hosts_a_name_stands_for(hosts: Sequence[str], url: str, named: bool) -> None:
    assert is_named(web_address(url), hosts) is named


async def test_a_command_in_a_sandbox_reaches_what_it_may_and_nothing_else(home: Path) -> None:
    if reason := why_not("bubblewrap", "self"):
        pytest.skip(reason)
    (home / "project").mkdir()
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nfrom the host")
        await shut(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    place = f"127.0.0.1:{port}"
    folders = Folders(data=home / "data", config=home / "config", cache=home / "cache")
    policy = replace(policy_for(home / "project", folders), hosts=(place,), private_hosts=(place,))
    backend = BubblewrapBackend(bubblewrap_program() or Path("missing"), policy)
    script = (
        'import os, urllib.request as r; os.environ["no_proxy"] = ""\n'
        f'print(r.urlopen("http://{place}/x").read())\n'
        'import os; print(sorted(os.listdir("/proc/self/fd")))\n'
        f'import socket; socket.create_connection(("127.0.0.1", {port}))\n'
    )

    result = await backend.run(
        Command(argv=(sys.executable, "-c", script), cwd=home / "project"),
        policy,
        limits(),
    )
    refused = await backend.run(
        Command(
            argv=(
                "bash",
                "-c",
                "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT a.b:443 HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3",
            ),
            cwd=home / "project",
        ),
        policy,
        limits(),
    )
    worker = await backend.start(
        Command(argv=("bash", "-c", "echo $http_proxy"), cwd=home / "project"), policy
    )
    said = await worker.receive()
    await worker.aclose()
    await backend.aclose()
    server.close()

    assert "b'from the host'\n['0', '1', '2', '3']" in result.head
    assert "ConnectionRefusedError" in result.head
    assert len(seen) == 1
    assert "403 a.b:443 is not one of sandbox_hosts" in refused.head
    assert refused.note == "Not reached: a.b:443. Commands may reach only the hosts that sandbox_hosts names."
    assert said == "http://127.0.0.1:3128"
