"""Addresses on the web in the one spelling that is judged, resolved and asked for; and what may be asked."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, quote, urlsplit

from core.errors import ToolError
from core.values import value

PORTS = {"http": 80, "https": 443}
MOST_CHARS = 8_000
KEPT_IN_PATH = "/%:@!$&'()*+,;=~-._"
HOST = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.DOTALL)
"""A host that ends in a number is an IPv4 address to whoever resolves it, however it is written."""


@value
class WebAddress:
    """Where a page is. Two spellings of one place are equal."""

    scheme: str
    host: str
    """In lower case and ASCII, without a full stop at the end; an IPv6 address without its brackets."""
    port: int
    target: str
    """Path and query, percent-encoded."""

    @property
    def place(self) -> str:
        """Host and port, as the header `Host` has them."""
        named = f"[{self.host}]" if ":" in self.host else self.host
        return named if self.port == PORTS[self.scheme] else f"{named}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.place}{self.target}"

    @property
    def is_number(self) -> bool:
        """Whether the host is an IP address rather than a name."""
        return ":" in self.host or NUMBER.fullmatch(self.host) is not None


def _nothing_forbidden(host: str) -> str:
    return ""


def _no_secrets() -> Iterable[str]:
    return ()


@value
class WebRules:
    """What of the web may be asked, beside that it is public."""

    private_hosts: tuple[str, ...] = ()
    """Those that may be asked although they are not public, each as `host` or `host:port`."""
    forbids: Callable[[str], str] = _nothing_forbidden
    """Why a host may not be asked; empty when it may."""
    secrets: Callable[[], Iterable[str]] = _no_secrets
    """Values that no address may hold, in whatever form."""

    def allows_private(self, address: WebAddress) -> bool:
        return not {address.host, f"{address.host}:{address.port}", address.place}.isdisjoint(
            self.private_hosts
        )


def web_address(text: str) -> WebAddress:
    """The address in `text`, without its fragment.

    Raises:
        ToolError: it is none, or it holds a password.
    """
    text = text.strip()
    shown = repr(text[:200])
    try:
        parts = _parts(text)
        if parts.scheme in PORTS and parts.netloc and "@" not in parts.netloc:
            return _address(parts)
    except ValueError as error:
        raise ToolError(f"{shown} is no web address.", hint="Check it.") from error
    if parts.scheme in PORTS and parts.netloc:
        said, hint = "The address holds a user name or password.", "Leave out what stands before the @."
        raise ToolError(said, hint=hint)
    raise ToolError(f"{shown} is no web address.", hint="Give one that starts with https://.")


def _parts(text: str) -> SplitResult:
    """Raises ValueError."""
    if len(text) > MOST_CHARS:
        raise ValueError(f"it is longer than {MOST_CHARS} characters")
    return urlsplit(text)


def _address(parts: SplitResult) -> WebAddress:
    """Raises ValueError."""
    port = PORTS[parts.scheme] if parts.port is None else parts.port
    host = parts.hostname or ""
    if not port or ("[" in parts.netloc) is not (":" in host):
        raise ValueError(parts.netloc)
    path = quote(parts.path or "/", safe=KEPT_IN_PATH)
    query = quote(parts.query, safe=KEPT_IN_PATH + "?[]")
    target = f"{path}?{query}" if query else path
    return WebAddress(scheme=parts.scheme, host=_host(host), port=port, target=target)


def _host(host: str) -> str:
    """Raises ValueError for what is no host, and for an IP address in any but its usual form."""
    from ipaddress import IPv4Address, IPv6Address  # a start asks for no page, and needs no such module

    if ":" in host:
        address = IPv6Address(host)
        if address.scope_id is not None:
            raise ValueError(host)
        return str(address)
    if not host.isascii():
        host = host.encode("idna").decode()
    host = host.lower().removesuffix(".")
    if HOST.fullmatch(host) is None:
        raise ValueError(host)
    return str(IPv4Address(host)) if NUMBER.fullmatch(host) else host
