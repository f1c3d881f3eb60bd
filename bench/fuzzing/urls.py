"""Made-up addresses against the fetch guard, judged by what a client was told to connect to and to ask for.

Names are resolved by a double that answers at once, from a pool of public and private addresses; what the
guard lets through is read again by another parser (httpx) and by the tables of the standard library.
"""

import asyncio
import base64
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from random import Random
from urllib.parse import quote, unquote

import httpx

from bench.fuzzing.found import Found
from core.errors import InputNeeded, ToolError
from core.profile import ActiveProfile, ModelProfile
from core.tools import ToolContext, ToolServices, WebResponse
from core.web import WebRules
from core.workspace import Workspace
from tool.fetch import Fetch, FetchArgs
from tool.sandbox_none import PlainBackend

SECRET = "sk-Live_51HxYz0aBcDeF"
OWN = "2606:4700:4700::1"
"""Public, and of this machine."""
PUBLIC = (
    *("93.184.216.34", "8.8.8.8", "1.1.1.1"),
    *("2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808", "2002:808:808::1"),
)
PRIVATE = (
    *("127.0.0.1", "10.0.0.1", "172.16.9.9", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
    *("100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "192.0.0.8", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::"),
    *("2001:0:1::1", "2001:db8::1", "fec0::1", "fe80::1%lo", OWN),
)
FOURS = [ip for ip in PUBLIC + PRIVATE if ":" not in ip]
NAT64 = ip_network("64:ff9b::/96")
SCHEMES = (
    "HTTP://",
    "http:",
    "http:/",
    "http:///",
    "//",
    "",
    "file://",
    "ftp://",
    "ht\ttp://",
    "javascript:",
)
USERS = ("a@", "a:b@", "public.example@", "@", "a@b@", "%40", "127.0.0.1\\@", "public.example#@")
PORTS = (":80", ":443", ":8080", ":0", ":99999", ":", ":x", ":٨٠", ":80:80", ":+80", ":08")
PATHS = (
    *("", "/", "/a", "/a/../b", "?q=1", "/?a=b&c", "#x", "/%2e%2e/", "/a b", "/\\x", "/é"),
    *("/\r\nX: y", "//b", "/@127.0.0.1", "\\a"),
)
WORDS = ("localhost", "intranet", "", ".", "metadata", "0", "[", "[]", "a..b", "-", "x" * 64, "x." * 130)
NAMES = ("a", "www.b", "é", "ﬀ", "A", "xn--bcher-kva", "_x", "1a")
NOISE = (
    *("\t", "\n", "\0", " ", ".", "..", "%", "%00", "@", "#", "?", "/", "\\", ":", "[", "]", "。", "．"),
    *("\u00ad", "\u200b", "\udcff", "ß", "İ", "①", "-", "_", "xn--"),
)
TUNNELS = (0, 0xFFFF << 32, 0x64FF9B << 96, 0x20010000 << 96, 0x2A00 << 112 | 0x5EFE << 32)
"""What may stand before an IPv4 address in an IPv6 address."""


@cache
def addresses_of(host: str) -> tuple[str, ...]:
    """A name's addresses, always the same ones: one to three, of which one in three is private."""
    if numbers := number_of(host):
        return numbers
    random = Random(host)
    count = random.randint(0, 3)
    return tuple(random.choice(PRIVATE if random.random() < 0.2 else PUBLIC) for _ in range(count))


def number_of(host: str) -> tuple[str, ...]:
    """As the system reads a host that is a number, in all its forms."""
    for family in (socket.AF_INET6, socket.AF_INET):
        try:
            if family == socket.AF_INET6:
                return (str(IPv6Address(socket.inet_pton(family, host))),)
            return (str(IPv4Address(socket.inet_aton(host))),)
        except (OSError, ValueError, UnicodeError):
            pass
    return ()


def is_public(ip: str) -> bool:
    """By the tables of the standard library, not by the guard's."""
    address = ip_address(ip)
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is not None:
        return is_public(str(inner))
    if address in NAT64:
        return is_public(str(IPv4Address(int(address) & 0xFFFFFFFF)))
    return address.is_global and not address.is_multicast and not address.is_reserved


def may_be_asked(ip: str) -> bool:
    return is_public(ip) and ip != OWN


@dataclass
class Web:
    """Answers every page at once, now and then with a redirect to a made-up place."""

    random: Random
    found: Found
    given: str = ""

    async def get(self, url: str, *, address: str, timeout_seconds: float, max_bytes: int) -> WebResponse:
        self.found.verdicts["asked"] += 1
        self._judge(url, address)
        headers, status = {"content-type": "text/plain"}, 200
        if self.random.random() < 0.2:
            status, headers["location"] = 302, a_url(self.random)
        return WebResponse(status=status, headers=headers, body=b"x", complete=True)

    def _judge(self, url: str, address: str) -> None:
        seen = httpx.URL(url)
        addresses = addresses_of(seen.raw_host.decode())
        if not may_be_asked(address):
            self.found.fault(f"{address} was asked for {url!r}", self.given)
        if address not in addresses or not all(map(may_be_asked, addresses)):
            self.found.fault(f"{url!r} is at {addresses} for others, and {address} was asked", self.given)
        is_plain = url.isascii() and url.isprintable() and " " not in url
        if seen.scheme not in ("http", "https") or seen.userinfo or not is_plain:
            self.found.fault(f"{url!r} was asked for", self.given)
        if gives_away(url):
            self.found.fault(f"{url!r} holds the secret", self.given)


def gives_away(url: str) -> bool:
    plain = unquote(unquote(unquote(url)))
    encoded = base64.b64encode(SECRET.encode()).decode().rstrip("=")
    return any(form.lower() in plain.lower() for form in (SECRET, SECRET.encode().hex(), encoded))


@dataclass
class Nobody:
    asked: list[str] = field(default_factory=list)

    async def ask(self, question: str, choices: object) -> str:
        raise InputNeeded(question)


def fuzz(count: int, seed: int, is_own: Callable[[str], bool] = OWN.__eq__) -> Found:
    found = Found("addresses")
    asyncio.run(_fuzz(count, Random(seed), found, is_own))
    return found


async def _fuzz(count: int, random: Random, found: Found, is_own: Callable[[str], bool]) -> None:
    web = Web(random, found)
    services = ToolServices(
        workspace=Workspace(Path("/nowhere")),
        artifacts=Path("/nowhere/.roost/artifacts"),
        sandbox=PlainBackend(),
        asker=Nobody(),
        web=web,
        web_rules=WebRules(secrets=lambda: (SECRET,)),
        active=ActiveProfile(ModelProfile()),
    )
    tool = Fetch(services, resolve=_resolve, is_own=is_own)
    context = ToolContext(call_id="call-1")
    for _ in range(count):
        web.given = a_url(random)
        with found.judging(web.given):
            try:
                await tool.run(FetchArgs(url=web.given), context)
                found.verdicts["read"] += 1
            except ToolError:
                found.verdicts["refused"] += 1


async def _resolve(host: str, port: int) -> tuple[str, ...]:
    return addresses_of(host)


def a_url(random: Random) -> str:
    def mostly(usual: str, odd: Sequence[str]) -> str:
        return usual if random.random() < 0.8 else random.choice(odd)

    url = mostly(random.choice(("http://", "https://")), SCHEMES) + mostly("", USERS) + a_host(random)
    url += mostly("", PORTS) + random.choice(PATHS)
    if random.random() < 0.05:
        url += a_disguise(random)
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        at = random.randint(0, len(url))
        url = url[:at] + random.choice(NOISE) + url[at + random.choice((0, 1)) :]
    return url


def a_host(random: Random) -> str:
    match random.choice(("name", "name", "name", "name", "ip", "number", "v6", "word")):
        case "name":
            name = f"{random.choice(NAMES)}{random.randint(0, 50)}.example"
            return name + random.choice(("", "", "", ".", ".."))
        case "ip":
            ip = random.choice(PUBLIC + PRIVATE)
            return f"[{ip}]" if ":" in ip else random.choice((ip, ip, f"{ip}.", ip.replace(".", "。")))
        case "number":
            return a_number(random, int(IPv4Address(random.choice(FOURS))))
        case "v6":
            return a_v6(random)
        case _:
            return random.choice(WORDS)


def a_number(random: Random, number: int) -> str:
    """One of the ways in which systems read an IPv4 address: fewer numbers, octal, hexadecimal."""
    forms: tuple[Callable[[int], str], ...] = (str, hex, "0{:o}".format, "{:03d}".format, "0x{:X}".format)
    split = random.choice((0, 8, 16, 24))
    pieces = [number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255][: split // 8]
    rest = number & (1 << (32 - split)) - 1
    return ".".join(random.choice(forms)(piece) for piece in (*pieces, rest))


def a_v6(random: Random) -> str:
    v4 = int(IPv4Address(random.choice(("127.0.0.1", "10.0.0.1", "8.8.8.8"))))
    start = random.choice((*TUNNELS, 0x2002 << 112 | v4 << 80))
    number = start | v4 if random.random() < 0.8 else random.getrandbits(128)
    text = random.choice((str(IPv6Address(number)), IPv6Address(number).exploded))
    return f"[{text}{random.choice(('', '', '', '%25eth0', '%eth0', ']'))}]"


def a_disguise(random: Random) -> str:
    said = SECRET.encode()
    return random.choice(
        (
            SECRET,
            quote(SECRET, safe=""),
            "".join(f"%{byte:02X}" for byte in said),
            SECRET.upper(),
            said.hex(),
            base64.b64encode(b"x" * random.randint(0, 3) + said).decode(),
            base64.urlsafe_b64encode(said + b"y").decode(),
        )
    )
