"""Which addresses are public."""

import pytest

from core.errors import ToolError
from tool.addresses import addresses_of, is_own, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "3fff::1",
        "5f00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2a00:1450:4001::5efe:a00:1",
        "2a00:1450:4001::200:5efe:7f00:1",
        "fd00::5efe:808:808",
        "2002:7f00:1::",
        "2002:a00:1::",
        "no address",
        "",
    ],
)
def test_what_is_not_on_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "93.184.216.34",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "2a00:1450:4001::5efe:808:808",
    ],
)
def test_what_is_on_the_public_internet_is_allowed(address: str) -> None:
    assert is_public(address)


async def test_a_name_is_resolved_to_its_addresses() -> None:
    found = await addresses_of("127.0.0.1", 80)

    assert found == ("127.0.0.1",)


async def test_another_spelling_of_loopback_is_found_out() -> None:
    found = await addresses_of("2130706433", 80)

    assert not any(map(is_public, found))


async def test_a_name_that_cannot_be_one_is_no_host() -> None:
    with pytest.raises(ToolError, match="There is no host"):
        await addresses_of("a" * 70 + ".example", 80)


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "255.255.255.255", "::1"])
@pytest.mark.parametrize(
    ("address", "own"), [("127.0.0.1", True), ("::1", True), ("127.0.0.2", False), ("255.255.255.255", False)]
)
def test_an_address_of_this_machine_is_known_without_asking_it(address: str, own: bool) -> None:
    assert is_own(address) is own
