"""One spelling for each place on the web."""

import pytest

from core.errors import ToolError
from core.web import WebAddress, WebRules, web_address


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com.:443/a?b#c", "https://example.com/a?b"),
        ("http://8.8.8.8./", "http://8.8.8.8/"),
        ("http://\uff18.8.8.8/", "http://8.8.8.8/"),
        ("https://b\u00fccher.example/\u00e9", "https://xn--bcher-kva.example/%C3%A9"),
        ("https://\uff45xample\u3002com/", "https://example.com/"),
        ("http://[2606:4700:0:0::1111]:80/", "http://[2606:4700::1111]/"),
        ("http://[::FFFF:8.8.8.8]/", "http://[::ffff:808:808]/"),
        ("https://example.com/a\r\nb", "https://example.com/ab"),
        ("https://example.com/?q=a b&c=[1]", "https://example.com/?q=a%20b&c=[1]"),
    ],
)
def test_a_place_has_one_spelling(text: str, url: str) -> None:
    address = web_address(text)

    assert address.url == url
    assert web_address(url) == address


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "//example.com",
            "https:example.com",
            "https:///a",
            "ftp://example.com",
            "javascript:alert(1)",
        ),
        *("https://a@example.com", "https://example.com\\@b.example", "https://exa mple.com", "https://.com"),
        *(
            "https://example.com:0",
            "https://example.com:x",
            "https://example.com:99999",
            "https://example..com",
        ),
        *(
            "https://example.com..",
            "https://-a.com",
            "https://a%2eb.com",
            "https://a\x00b.com",
            "https://a\ud800b.com",
        ),
        *("https://[::1", "https://[fe80::1%25eth0]", "https://[v1.a]", "https://127.1", "https://0x7f.1"),
        *(
            "https://2130706433",
            "https://017700000001",
            "https://127.0.0.01",
            "https://1.2.3.4.5",
            "https://a.0x7f",
        ),
        *(
            "https://256.1.1.1",
            f"https://{'a' * 64}.com",
            f"https://{'a.' * 200}com",
            "https://example.com/\ud800",
        ),
        f"https://example.com/{'a' * 8_000}",
    ],
)
def test_what_is_no_address_is_a_tool_error(text: str) -> None:
    with pytest.raises(ToolError):
        web_address(text)


@pytest.mark.parametrize(
    ("host", "allowed"), [("a.corp", True), ("a.corp:443", True), ("a.corp:80", False), ("b.a.corp", False)]
)
def test_a_private_host_is_named_with_or_without_its_port(host: str, allowed: bool) -> None:
    address = WebAddress(scheme="https", host="a.corp", port=443, target="/")

    assert WebRules(private_hosts=(host,)).allows_private(address) is allowed


def test_an_ipv6_host_is_named_in_brackets_or_without() -> None:
    address = web_address("http://[::1]:8000/")

    assert WebRules(private_hosts=("[::1]:8000",)).allows_private(address)
    assert WebRules(private_hosts=("::1",)).allows_private(address)
    assert not WebRules(private_hosts=("[::1]",)).allows_private(address)
