"""Which addresses on the internet may be asked, so that no page can reach into the machine or its network."""

import asyncio
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from core.errors import ToolError

REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # a provider's own
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # Azure's metadata service stands on a public address
        "169.254.0.0/16",  # this link, and the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # many at once
        "240.0.0.0/4",  # reserved, and all at once
    )
)
GLOBAL_V6 = IPv6Network("2000::/3")
REFUSED_V6 = (
    IPv6Network("2001::/23"),  # protocols: Teredo, measurements, identifiers
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("3fff::/20"),  # documentation
)
NAT64 = IPv6Network("64:ff9b::/96")
ISATAP = (0x00005EFE, 0x02005EFE)
"""What stands before the IPv4 address at the end of an IPv6 address of such a tunnel."""


def is_public(address: str) -> bool:
    """Whether `address` is a host of the public internet. Of an embedded IPv4 address that is judged."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in REFUSED_V4)
    if ip.scope_id is not None:
        return False
    if (embedded := _embedded(ip)) is not None:
        return is_public(str(embedded))
    if int(ip) >> 32 & 0xFFFFFFFF in ISATAP and not is_public(str(IPv4Address(ip.packed[-4:]))):
        return False
    return ip in GLOBAL_V6 and not any(ip in network for network in REFUSED_V6)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in NAT64:
        return IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour


def is_own(address: str) -> bool:
    """Whether a public address is this machine's or of its network, as in IPv6 many are. Sends nothing."""
    ip = ip_address(address)
    with suppress(OSError), socket.socket(_family(ip), socket.SOCK_DGRAM) as asking:
        asking.connect((address, 9))
        own = ip_address(asking.getsockname()[0])
        return own == ip or (ip.version == 6 and int(own) >> 64 == int(ip) >> 64)
    return False


def _family(ip: IPv4Address | IPv6Address) -> socket.AddressFamily:
    return socket.AF_INET if ip.version == 4 else socket.AF_INET6


async def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a name, IPv4 first: it works on more machines.

    Raises:
        ToolError: there is no such host.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolError(f"There is no host {host!r}.", hint="Check the address.") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0])))
