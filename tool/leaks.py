"""Whether a text gives a secret away, also where it was rewritten so that nobody sees it."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import unquote

LEAST_CHARS = 8
"""Letters and digits of a value that is looked for; a shorter one would be found where nobody meant it."""
MOST_ROUNDS = 5
"""How often a text is taken to be percent-encoded."""


def holds_secret(text: str, secrets: Iterable[str]) -> bool:
    """Whether one of `secrets` stands in `text`: as it is, in pieces, backwards, encoded in a usual way.

    Case and everything but letters and digits do not count, so that hosts and separators hide nothing.
    """
    read = [_bare(reading) for reading in _readings(text)]
    return any(form in reading for secret in secrets for form in _forms(secret) for reading in read)


def _readings(text: str) -> Iterator[str]:
    yield text
    for _ in range(MOST_ROUNDS):
        before, text = text, unquote(text, errors="replace")
        if text == before:
            return
        yield text


@lru_cache(maxsize=256)
def _forms(secret: str) -> tuple[str, ...]:
    said = secret.encode("utf-8", "surrogatepass")
    if len(_bare(secret)) < LEAST_CHARS:
        return ()
    forms = [secret, secret[::-1], said.hex(), *_base64_forms(said)]
    return tuple(dict.fromkeys(bare for form in forms if len(bare := _bare(form)) >= LEAST_CHARS))


def _base64_forms(said: bytes) -> Iterator[str]:
    """What is the same whatever stands before and behind: there are three ways to fall into threes."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(said)) * 8 // 6
        yield b64encode(bytes(before) + said)[first:last].decode()


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", normalize("NFKC", text)).casefold()
