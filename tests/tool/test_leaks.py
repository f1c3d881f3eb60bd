"""Secrets in addresses, however they are written."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tool.leaks import holds_secret

SECRET = "sk-Live_51HxYz/0aBcDeF+g"


def percent(text: str, rounds: int = 1) -> str:
    for _ in range(rounds):
        text = "".join(f"%{byte:02x}" for byte in text.encode())
    return text


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        percent(SECRET),
        percent(SECRET, 4),
        SECRET.upper(),
        SECRET[::-1],
        ".".join(SECRET),
        "&p=".join([SECRET[:9], SECRET[9:]]).replace("p", ""),
        SECRET.encode().hex(),
        SECRET.encode().hex(":"),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(b"x" + SECRET.encode()).decode(),
        base64.b64encode(b"user:" + SECRET.encode() + b"\n").decode(),
        quote(base64.b64encode(b"12" + SECRET.encode()).decode(), safe=""),
        "".join(chr(ord(sign) + 0xFEE0) for sign in SECRET),
    ],
)
def test_a_secret_is_found_in_disguise(written: str) -> None:
    assert holds_secret(f"https://example.com/a/{written}?b=c", ["another-secret", SECRET])
    assert not holds_secret(f"https://example.com/a/{written}?b=c", ["another-secret"])


@pytest.mark.parametrize("secret", ["", "short", "a-b-c-d", "\ud800" * 9])
def test_what_is_too_short_to_be_a_secret_is_not_looked_for(secret: str) -> None:
    assert not holds_secret(f"https://example.com/{secret}/short/abcd", [secret])


@given(st.text(min_size=0, max_size=40), st.binary(min_size=0, max_size=5), st.binary(min_size=0, max_size=5))
def test_base64_is_found_whatever_stands_around(secret: str, before: bytes, behind: bytes) -> None:
    bare = "".join(sign for sign in secret if sign.isascii() and sign.isalnum())
    said = before + secret.encode() + behind

    assert holds_secret(base64.b64encode(said).decode(), [secret]) or len(bare) < 8


def test_an_innocent_address_holds_no_secret() -> None:
    assert not holds_secret("https://docs.python.org/3/library/secrets.html#secrets.token_hex", [SECRET])


def test_what_is_encoded_again_and_again_is_decoded_a_few_times() -> None:
    assert holds_secret(percent(SECRET, 5), [SECRET])
    assert not holds_secret(percent(SECRET, 7), [SECRET])
