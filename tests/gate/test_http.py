"""HTTP as gateways use it, over both wires: asyncio for plain http, httpx for the rest."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from core.errors import (
    ConnectionLost,
    NoAnswer,
    RequestRejected,
    StreamBroken,
)
from gate.answers import Answer, Wire
from gate.http import HttpClient, HttpxWire
from gate.plain_http import PlainWire, no_answer
from tests.clocks import ENOUGH_SECONDS
from tests.gate.sockets import Server, answering
from tests.processes import printed_by

Kind = type[PlainWire] | type[HttpxWire]
both = pytest.mark.parametrize("kind", [PlainWire, HttpxWire])

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name: A\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"
)
CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH


@asynccontextmanager
async def asked(kind: Kind, server: Server, *, idle_seconds: float = ENOUGH_SECONDS) -> AsyncIterator[Wire]:
    wire = kind(server.url, ENOUGH_SECONDS, idle_seconds)
    try:
        yield wire
    finally:
        await wire.close()


async def read(wire: Wire, body: bytes = b"{}") -> tuple[int, str]:
    async with wire.exchange("POST", "chat", {"x-key": "k"}, body) as answer:
        return answer.status, await answer.text()


@both
@pytest.mark.parametrize(
    "wire_form", [LENGTH, CHUNKED, CLOSED, CONTINUED], ids=["length", "chunked", "closed", "continued"]
)
async def test_a_body_is_read_however_it_is_framed(kind: Kind, wire_form: bytes) -> None:
    async with answering(wire_form, hangs_up=wire_form is CLOSED) as server, asked(kind, server) as wire:
        said = await read(wire, b"body")

    assert said == (200, "hello")
    assert server.asked[0].startswith(b"POST /v1/chat HTTP/1.1\r\n")
    assert b"x-key: k\r\n" in server.asked[0]
    assert server.asked[0].endswith(b"\r\n\r\nbody")


@both
async def test_headers_come_in_lower_case(kind: Kind) -> None:
    async with (
        answering(LENGTH) as server,
        asked(kind, server) as wire,
        wire.exchange("GET", "models", {}, b"") as answer,
    ):
        assert answer.headers["x-name"] == "A"


@both
async def test_a_connection_that_was_read_to_its_end_is_used_again(kind: Kind) -> None:
    async with answering(CHUNKED) as server, asked(kind, server) as wire:
        said = [await read(wire) for _ in range(3)]

    assert said == [(200, "hello")] * 3
    assert server.connections == 1


@both
async def test_a_connection_that_died_meanwhile_is_replaced(kind: Kind) -> None:
    said: list[tuple[int, str]] = []
    async with answering(LENGTH, hangs_up=True) as server, asked(kind, server) as wire:
        for _ in range(3):
            said.append(await read(wire))
            await server.ended.acquire()

    assert said == [(200, "hello")] * 3
    assert server.connections == 3


async def test_that_a_connection_has_ended_is_seen_before_a_request_is_lost_over_it() -> None:
    async with answering(LENGTH, hangs_up=True) as server:
        wire = PlainWire(server.url, ENOUGH_SECONDS, ENOUGH_SECONDS, dead_seconds=-1.0)
        await read(wire)
        while not await wire._idle[0].has_ended():
            pass
        said = await read(wire)
        await wire.close()

    assert said == (200, "hello")
    assert server.connections == 2


@both
async def test_leaving_early_drops_the_connection(kind: Kind) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello"
    async with answering(half) as server, asked(kind, server) as wire:
        for _ in range(2):
            async with wire.exchange("POST", "chat", {}, b"") as answer:
                assert await anext(answer.pieces) == b"hello"

    assert server.connections == 2


@both
@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    ],
    ids=["length", "chunked", "no chunk"],
)
async def test_a_body_that_breaks_off_is_a_broken_stream(kind: Kind, cut: bytes) -> None:
    async with answering(cut, hangs_up=True) as server, asked(kind, server) as wire:
        with pytest.raises(StreamBroken, match=r"The connection to http://127.0.0.1:\d+/v1 broke"):
            await read(wire)


@both
@pytest.mark.parametrize(
    "noise", [b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200"], ids=["nothing", "no http", "half"]
)
async def test_a_server_that_hangs_up_without_an_answer_is_a_lost_connection(
    kind: Kind, noise: bytes
) -> None:
    async with answering(noise, hangs_up=True) as server, asked(kind, server) as wire:
        with pytest.raises(ConnectionLost):
            await read(wire)


@both
async def test_silence_before_the_answer_ends_the_request(kind: Kind) -> None:
    async with answering(b"") as server, asked(kind, server, idle_seconds=0.01) as wire:
        with pytest.raises(NoAnswer, match=r"sent nothing for 0\.01 seconds"):
            await read(wire)


@both
async def test_silence_after_the_head_is_no_answer_either(kind: Kind) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    async with answering(head) as server, asked(kind, server, idle_seconds=0.3) as wire:
        with pytest.raises(NoAnswer, match=r"sent nothing for 0\.3 seconds"):
            await read(wire)


@both
async def test_silence_within_the_answer_breaks_the_stream(kind: Kind) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello"
    async with answering(half) as server, asked(kind, server, idle_seconds=0.3) as wire:
        with pytest.raises(StreamBroken, match=r"sent nothing for 0\.3 seconds"):
            await read(wire)


@both
async def test_nobody_there_is_said_with_the_url(kind: Kind) -> None:
    wire = kind("http://127.0.0.1:1/v1", ENOUGH_SECONDS, ENOUGH_SECONDS)

    with pytest.raises(NoAnswer) as caught:
        await read(wire)

    assert str(caught.value) == "No answer from http://127.0.0.1:1/v1. Is the model server running?"
    await wire.close()


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/v1", "http://127.0.0.1:1/v 1", "http:///v1", "http://127.0.0.1:99999/v1"]
)
async def test_what_is_no_url_is_rejected(url: str) -> None:
    client = HttpClient(url)

    with pytest.raises(RequestRejected, match="is no URL of a model server"):
        async with client.post("chat", b""):
            pass
    await client.close()


async def test_the_key_goes_along() -> None:
    async with answering(LENGTH) as server:
        client = HttpClient(server.url, "secret")
        async with client.get("models") as answer:
            await answer.text()
        await client.close()

    assert b"authorization: Bearer secret\r\n" in server.asked[0]
    assert "secret" not in repr(client)


def test_connections_end_with_the_event_loop_they_were_opened_in() -> None:
    clients: list[HttpClient] = []

    async def ask() -> int:
        async with answering(LENGTH) as server:
            client = clients[0] if clients else HttpClient(server.url)
            client.url = server.url
            clients[:] = [client]
            async with client.get("models") as answer:
                await answer.text()
            return server.connections

    assert [asyncio.run(ask()), asyncio.run(ask())] == [1, 1]


async def test_a_key_with_a_line_end_is_rejected_without_being_shown() -> None:
    client = HttpClient("http://127.0.0.1:1/v1", "se\ncret")

    with pytest.raises(RequestRejected) as caught:
        async with client.post("chat", b""):
            pass

    assert "cret" not in str(caught.value)


async def test_an_answer_that_hangs_at_its_end_is_not_waited_for() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"x"
        await asyncio.Event().wait()

    await asyncio.wait_for(Answer(200, {}, pieces()).drain(), ENOUGH_SECONDS)


def test_plain_http_loads_no_http_library() -> None:
    code = "import sys, gate.openai_compatible; print([n for n in ('httpx', 'pydantic', 'anyio') if n in sys.modules])"

    assert printed_by(code) == "[]\n"


@pytest.mark.parametrize(("dead_seconds", "requests"), [(ENOUGH_SECONDS, 3), (-1.0, 2)])
async def test_only_a_connection_that_is_found_dead_at_once_is_replaced_in_silence(
    dead_seconds: float, requests: int
) -> None:
    """Whoever hangs up after a while may have died of the request."""
    server = Once()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    wire = PlainWire(url, ENOUGH_SECONDS, ENOUGH_SECONDS, dead_seconds)
    await read(wire)

    with suppress(ConnectionLost):
        await read(wire)

    await wire.close()
    listener.close()
    await asyncio.wait(server.serving)
    assert server.requests == requests


class Once:
    """Answers one request of a connection, and hangs up at the next."""

    def __init__(self) -> None:
        self.requests = 0
        self.serving: list[asyncio.Task[object]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self.serving.append(task)
        with suppress(EOFError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n{}")
            self.requests += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await reader.readuntil(b"\r\n\r\n{}")
            self.requests += 1
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def test_where_our_own_server_would_listen_its_start_is_told() -> None:
    assert str(no_answer("http://localhost:8000/v1")) == (
        "No answer from http://localhost:8000/v1. Is the model server running? ./runsv.sh or `roost serve` starts one."
    )
    assert str(no_answer("http://box:8000/v1")).endswith("Is the model server running?")
