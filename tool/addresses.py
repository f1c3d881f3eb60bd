"""Which addresses on the internet may be asked, so that no page can reach into the machine or its network."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from core.errors import ToolError

REFUSED_V4 = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # a provider's own
        "168.63.129.16/32",  # Azure's metadata service stands on a public address
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
    )
)
GLOBAL_V6 = IPv6Network("2000::/3")
REFUSED_V6 = (IPv6Network("2001::/23"), IPv6Network("2001:db8::/32"), IPv6Network("3fff::/20"))
NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether `address` is a host of the public internet. Of an embedded IPv4 address that is judged."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return _is_public_v4(ip)
    if (embedded := _embedded(ip)) is not None:
        return _is_public_v4(embedded)
    return (
        ip in GLOBAL_V6
        and ip.is_global
        and ip.scope_id is None
        and not any(ip in network for network in REFUSED_V6)
    )


def _is_public_v4(ip: IPv4Address) -> bool:
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in REFUSED_V4)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in NAT64:
        return IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour


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
