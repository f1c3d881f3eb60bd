"""What is asked of the proxy of a sandbox: read strictly, so that nobody else can read it differently."""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus

from core.errors import ToolError
from core.web import WebAddress, web_address

MOST_HEAD_BYTES = 65_536
REQUEST = re.compile(rb"([A-Za-z]{1,20}) ([!-~]{1,8000}) HTTP/1\.[01]")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
ONE_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"te",
        b"trailer",
        b"upgrade",
        b"host",
        b"content-length",
        b"http2-settings",
    }
)
"""Headers that are ours to say, or meant for us."""


class NotForwarded(Exception):
    """A request that gets an answer of ours."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        said = f"{reason}.\n"
        phrase = reason if reason.isascii() and reason.isprintable() else HTTPStatus(status).phrase
        head = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        head += f"Content-Length: {len(said.encode())}\r\nConnection: close\r\n\r\n"
        self.answer = head.encode() + said.encode()


@dataclass(frozen=True)
class ProxyRequest:
    address: WebAddress
    is_tunnel: bool
    head: bytes = b""
    """What goes to the host before the body."""
    body_bytes: int | None = None
    """None for a tunnel, which has no end of its own."""


async def proxy_request(reader: asyncio.StreamReader) -> ProxyRequest:
    """The request at the beginning of a connection; what follows it is left in `reader`.

    Raises:
        NotForwarded: it is none, or cannot be forwarded.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise NotForwarded(431, "The request has too many headers") from error
    line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if (found := REQUEST.fullmatch(line)) is None:
        raise NotForwarded(400, "This is no request to a proxy")
    method, target = found[1], found[2].decode("ascii")
    headers = [_header(line) for line in lines]
    if method == b"CONNECT":
        return ProxyRequest(address=_address(f"https://{target}", target), is_tunnel=True)
    if not target.lower().startswith("http://"):
        raise NotForwarded(400, "This proxy takes http:// addresses, and CONNECT for all others")
    address = _address(target, "")
    length = _length(headers)
    return ProxyRequest(
        address=address, is_tunnel=False, head=_head(method, address, headers, length), body_bytes=length or 0
    )


def _header(line: bytes) -> tuple[bytes, bytes]:
    if (found := HEADER.fullmatch(line)) is None:
        raise NotForwarded(400, "The request has a header that is none")
    return found[1].lower(), found[2].strip()


def _address(url: str, authority: str) -> WebAddress:
    """Of a tunnel only host and port may be named, and both."""
    try:
        address = web_address(url)
    except ToolError as error:
        raise NotForwarded(400, error.args[0]) from error
    if authority and (address.target != "/" or not re.fullmatch(r"(\[[^\]]+\]|[^:/?#\[\]]+):\d+", authority)):
        raise NotForwarded(400, "CONNECT takes a host and a port")
    return address


def _length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Of the body; None when none is told. The end of one in chunks would have to be looked for."""
    if any(name == b"transfer-encoding" for name, _ in headers):
        raise NotForwarded(411, "The length of a body has to be told")
    told = {said for name, said in headers if name == b"content-length"}
    if len(told) > 1 or any(not said.isdigit() or len(said) > 15 for said in told):
        raise NotForwarded(400, "The length of the body is no number")
    return int(told.pop()) if told else None


def _head(
    method: bytes, address: WebAddress, headers: list[tuple[bytes, bytes]], length: int | None
) -> bytes:
    named = {
        word.strip().lower() for name, said in headers if name == b"connection" for word in said.split(b",")
    }
    kept = [
        (name, said)
        for name, said in headers
        if name not in ONE_HOP and name not in named and not name.startswith(b"proxy-")
    ]
    own = [(b"host", address.place.encode()), (b"connection", b"close")]
    if length is not None:
        own.append((b"content-length", b"%d" % length))
    lines = [b"%s %s HTTP/1.1" % (method, address.target.encode())]
    lines += [b"%s: %s" % header for header in (*own, *kept)]
    return b"\r\n".join([*lines, b"", b""])
