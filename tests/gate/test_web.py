"""Pages of the web, from the address that was checked, within limits."""

import asyncio
import gzip
import ssl
import zlib
from pathlib import Path

import pytest

from core.errors import ToolError, ToolTimedOut
from core.tools import WebResponse
from gate.web import DirectWebClient, Streams, connected, unpacked
from tests.clocks import ENOUGH_SECONDS
from tests.gate.sockets import answering, listening

SELF_SIGNED = Path(__file__).parent / "fixtures" / "self_signed.txt"
"""A key and a certificate for other.test that nobody else has signed; of use to nobody."""
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name: A\r\n\r\nhello"


async def fetched(url: str, *, seconds: float = ENOUGH_SECONDS, max_bytes: int = 1_000) -> WebResponse:
    return await DirectWebClient().get(url, address="127.0.0.1", timeout_seconds=seconds, max_bytes=max_bytes)


async def got(answer: bytes, *, max_bytes: int = 1_000, hangs_up: bool = True) -> WebResponse:
    async with answering(answer, hangs_up=hangs_up) as server:
        return await fetched(server.url, max_bytes=max_bytes)


async def test_a_page_is_fetched_from_the_address_in_the_name_of_its_host() -> None:
    async with answering(LENGTH) as server:
        page = await fetched(f"http://example.test:{server.port}/a?b=c")

    assert (page.status, page.body, page.complete, page.headers["x-name"]) == (200, b"hello", True, "A")
    assert server.asked[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"host: example.test:{server.port}\r\n".encode() in server.asked[0].lower()


async def test_a_page_is_cut_at_its_limit_and_redirects_are_left_alone() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 5\r\n\r\nhello"
    page = await got(moved, max_bytes=2, hangs_up=False)

    assert (page.status, page.body, page.complete) == (302, b"he", False)


async def test_a_page_that_does_not_come_is_a_tool_error() -> None:
    async with answering(b"") as server:
        with pytest.raises(ToolTimedOut, match=r"was not read within 0\.01 seconds"):
            await fetched(server.url, seconds=0.01)
    with pytest.raises(ToolError, match="could not be read"):
        await fetched("http://a.test:1/")


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            b"hello",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + LENGTH, b"hello"),
    ],
    ids=["chunked", "until the end", "none", "after a hint"],
)
async def test_a_body_is_read_however_it_is_framed(answer: bytes, body: bytes) -> None:
    assert (await got(answer)).body == body


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"a%d: b\r\n" % n for n in range(300)) + b"\r\n",
            "it has 300 headers",
        ),
        (b"HTTP/1.1 200 OK\r\nlong: " + b"x" * 200_000 + b"\r\n\r\n", "its head is longer than"),
        (
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"a%d: b\r\n" % n for n in range(20_000)) + b"\r\n",
            "its head is longer than",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 200_000,
            "a line of it is longer than",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, "it only says that an answer will come"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 50,
            "its body has no end",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + b"x" * 100, "'-5' is no size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello", "'-5' is no size"),
        (b"HTTP/1.1\r\n\r\n", "'' is no size"),
        (b"SSH-2.0-x\r\n\r\n", "is no answer of HTTP/1"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", "it is packed as 'br'"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx", "it is packed as"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "incorrect header"),
        (b"", "could not be read"),
    ],
    ids=[
        *(
            "many headers",
            "long header",
            "a flood of headers",
            "a long line",
            "endless hints",
            "endless trailers",
            "negative length",
        ),
        *(
            "negative piece",
            "no status",
            "no HTTP",
            "unknown packing",
            "packed twice",
            "not packed",
            "nothing",
        ),
    ],
)
async def test_an_answer_that_is_none_or_meant_to_harm_is_a_tool_error(answer: bytes, said: str) -> None:
    with pytest.raises(ToolError) as raised:
        await got(answer)

    assert said in str(raised.value)


async def test_the_host_is_named_to_whom_it_is_encrypted_for_and_the_address_is_connected_to() -> None:
    asked: list[tuple[str, int, str]] = []

    async def connect(ip: str, port: int, tls_name: str) -> Streams:
        asked.append((ip, port, tls_name))
        raise ConnectionRefusedError

    for url in ("https://example.test/", "http://example.test:81/"):
        with pytest.raises(ToolError):
            await DirectWebClient(connect).get(
                url, address="192.0.2.1", timeout_seconds=ENOUGH_SECONDS, max_bytes=1
            )

    assert asked == [("192.0.2.1", 443, "example.test"), ("192.0.2.1", 81, "")]


async def test_a_server_that_cannot_prove_its_name_is_told_that_name_and_nothing_else() -> None:
    asked: list[object] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SELF_SIGNED)
    context.sni_callback = lambda socket, name, context: asked.append(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read())

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    with pytest.raises(ssl.SSLCertVerificationError):
        await connected("127.0.0.1", port, "example.test")
    listener.close()

    assert asked == ["example.test"]


@pytest.mark.parametrize("way", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_what_was_packed_all_the_same_is_unpacked(way: str) -> None:
    pack = gzip.compress if "gzip" in way.lower() else zlib.compress

    assert unpacked(pack(b"hello"), {"content-encoding": way}, 100) == b"hello"
    assert unpacked(pack(b"hello"), {"content-encoding": way}, 2) == b"hel"


def test_a_raw_deflate_is_unpacked_too() -> None:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    assert (
        unpacked(packing.compress(b"hello") + packing.flush(), {"content-encoding": "deflate"}, 9) == b"hello"
    )


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(10_000_000))

    with pytest.raises(ValueError, match="unpacks to more than 200 times"):
        unpacked(bomb, {"content-encoding": "gzip"}, 5_000_000)


async def test_an_answer_that_drips_is_not_waited_for_longer_than_the_whole_may_take() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.01)

    async with listening(drip) as port:
        with pytest.raises(ToolTimedOut):
            await DirectWebClient().get(
                f"http://a.test:{port}/", address="127.0.0.1", timeout_seconds=0.1, max_bytes=10**6
            )
