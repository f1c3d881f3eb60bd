"""Who stands still within a request, or does not read the answer, is not waited for; all others are."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from servr.native.api.bodies import Receive
from servr.native.api.patience import PATIENCE_SECONDS, PatientProtocol
from servr.native.api.replying import Scope, Send
from servr.native.asking import Written
from servr.native.scripted import ScriptedEngine, says
from tests.servr.native.doubles import served_at, talking

KEPT_SECONDS = 75
HEAD, BODY = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 4\r\n\r\n", b"abcd"


@dataclass
class Timer:
    seconds: float
    call: Callable[[], None]
    timers: list["Timer"]

    def cancel(self) -> None:
        if self in self.timers:
            self.timers.remove(self)


@dataclass
class Loop:
    """Has timers that only a test runs down."""

    timers: list[Timer] = field(default_factory=list)

    def call_later(self, seconds: float, call: Callable[..., None], *args: Any) -> Timer:
        self.timers.append(Timer(seconds, partial(call, *args), self.timers))
        return self.timers[-1]

    def create_task(self, work: Any) -> "asyncio.Task[None]":
        return asyncio.get_running_loop().create_task(work)

    @property
    def running(self) -> list[float]:
        return [timer.seconds for timer in self.timers]

    def run_down(self) -> None:
        """The latest, which is over then."""
        self.timers.pop().call()


@dataclass
class Wire:
    """A transport that remembers what became of it."""

    written: bytes = b""
    unread: int = 0
    end: str = ""

    def get_extra_info(self, name: str) -> None:
        return None

    def is_closing(self) -> bool:
        return bool(self.end)

    def write(self, data: bytes) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unread

    def close(self) -> None:
        self.end = "closed"

    def abort(self) -> None:
        self.end = "aborted"

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@dataclass
class Connection:
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    loop: Loop = field(default_factory=Loop)
    wire: Wire = field(default_factory=Wire)
    state: ServerState = field(default_factory=ServerState)

    def __post_init__(self) -> None:
        config = uvicorn.Config(
            self._answer,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=KEPT_SECONDS,
        )
        self.protocol = PatientProtocol(config, self.state, {}, self.loop)  # type: ignore[arg-type]
        self.protocol.connection_made(self.wire)  # type: ignore[arg-type]

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"Hi"})

    def sends(self, data: bytes) -> list[float]:
        """Which timers run then."""
        self.protocol.data_received(data)
        return self.loop.running

    async def answers(self) -> list[float]:
        self.may_answer.set()
        await asyncio.gather(*self.state.tasks)
        return self.loop.running


async def test_each_part_of_a_request_is_waited_for_and_the_answer_as_long_as_it_takes() -> None:
    client = Connection()

    opened = client.loop.running
    head, body, whole = client.sends(HEAD), client.sends(BODY[:1]), client.sends(BODY[1:])
    answered = await client.answers()

    assert [opened, head, body, whole] == [[PATIENCE_SECONDS]] * 3 + [[]]
    assert (answered, client.wire.end) == ([KEPT_SECONDS], "")
    assert client.wire.written.endswith(b"Hi")


async def test_a_head_has_its_time_as_a_whole_and_a_body_for_each_of_its_pieces() -> None:
    client = Connection()

    heads = [client.sends(HEAD[place : place + 1]) and client.loop.timers[0] for place in range(20)]
    client.sends(HEAD[20:])
    bodies = [client.sends(BODY[place : place + 1]) and client.loop.timers[0] for place in range(3)]
    client.sends(BODY[3:])
    await client.answers()

    assert all(timer is heads[0] for timer in heads)
    assert len({id(timer) for timer in bodies}) == 3


@pytest.mark.parametrize(
    "sent", [b"", HEAD[:9], HEAD, HEAD + BODY[:2]], ids=["nothing", "head", "no body", "body"]
)
async def test_who_stands_still_in_a_request_is_hung_up_on(sent: bytes) -> None:
    client = Connection()
    if sent:
        client.sends(sent)

    client.loop.run_down()
    client.protocol.connection_lost(None)
    await client.answers()

    assert (client.wire.end, client.wire.written) == ("closed", b"")
    assert client.loop.running == []


async def test_a_second_request_is_waited_for_like_the_first() -> None:
    client = Connection()
    client.sends(HEAD + BODY)
    await client.answers()

    half = client.sends(HEAD[:5])
    whole = client.sends(HEAD[5:] + BODY)
    again = await client.answers()

    assert (half, whole, again) == ([PATIENCE_SECONDS], [], [KEPT_SECONDS])
    assert client.wire.written.count(b"Hi") == 2


async def test_a_request_that_was_sent_behind_another_is_waited_for_when_its_turn_comes() -> None:
    client = Connection()

    early = client.sends(HEAD + BODY + HEAD + BODY[:1])
    turned = await client.answers()
    client.loop.run_down()
    client.protocol.connection_lost(None)
    await client.answers()

    assert (early, turned, client.wire.end) == ([], [PATIENCE_SECONDS], "closed")
    assert client.wire.written.count(b"Hi") == 1


async def test_half_a_head_behind_a_request_has_the_time_of_a_connection_that_is_kept() -> None:
    client = Connection()

    client.sends(HEAD + BODY + HEAD[:9])
    kept = await client.answers()
    more = client.sends(HEAD[9:20])

    assert (kept, more) == ([KEPT_SECONDS], [PATIENCE_SECONDS])


async def test_who_reads_a_large_answer_slowly_is_waited_for() -> None:
    client = Connection()
    client.sends(HEAD + BODY)

    client.wire.unread = 3_000
    client.protocol.pause_writing()
    ends = []
    for unread in (2_000, 1_999, 1_999):
        client.wire.unread = unread
        client.loop.run_down()
        ends.append((client.wire.end, client.loop.running))

    assert ends == [("", [PATIENCE_SECONDS])] * 2 + [("aborted", [])]
    client.protocol.connection_lost(None)
    await client.answers()


async def test_who_does_not_read_is_hung_up_on_at_once() -> None:
    client = Connection()
    client.sends(HEAD + BODY)

    client.protocol.pause_writing()
    full = client.loop.running
    client.protocol.resume_writing()
    empty = client.loop.running
    client.protocol.pause_writing()
    client.loop.run_down()

    assert (full, empty, client.wire.end) == ([PATIENCE_SECONDS], [], "aborted")
    client.protocol.connection_lost(None)
    await client.answers()


class Hasty(PatientProtocol):
    asking_seconds = 0.0


class Unread(PatientProtocol):
    reading_seconds = 0.0


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize(
    "sent", [b"", b"GET /health HT", b"POST /tokenize HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"]
)
async def test_a_server_hangs_up_on_who_stands_still(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with served_at(talking(ScriptedEngine([])), protocol=Hasty) as url:
        reader, writer = await asyncio.open_connection(httpx.URL(url).host, httpx.URL(url).port)
        writer.write(sent)
        try:
            told = await reader.read()
        except ConnectionError:  # what was sent had not been read
            told = b""
        writer.close()

    assert told == b""
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.slow
@pytest.mark.server
async def test_a_reply_that_nobody_reads_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    more = [Written("x" * 1_000_000, ())] * 40  # more than the system keeps for who may come
    engine = ScriptedEngine([[*says("Hi.")[:1], *more, asyncio.Event()]])
    async with served_at(talking(engine), protocol=Unread) as url:
        body = b'{"messages": [{"role": "user", "content": "Hi."}], "stream": true}'
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        deaf = socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0))
        deaf.sendall(head.encode() + body)
        await engine.over.wait()
        deaf.close()

    assert (engine.cancelled, engine.finished) == (1, 0)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
