"""The body of a request: bytes, counted as they come, and one JSON object that harms nobody."""

import json
import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from itertools import islice
from typing import Any, Never

from core.text import quoted
from servr.native.api.errors import Denied
from servr.native.parts import Invalid

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MOST_BYTES = 8 * 2**20
"""Some two million tokens; what is longer is no conversation."""
MOST_VALUES = 300_000
"""More than most windows have tokens. A million tiny lists keep all threads waiting for nearly a second."""
MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|([,\[{])', re.DOTALL)
"""Texts, as far as they go, and what comes with a value outside of them."""
MOST_DEEP = 64
"""Whoever reads a request after us may recurse into it."""


class Gone(Exception):
    """Whoever asked has hung up; nobody is left to be answered."""


async def body_of(receive: Receive, *, most_bytes: int = MOST_BYTES) -> bytes:
    """All of it. What is too long is read to its end, so that the answer is, and thrown away."""
    body, length, more = bytearray(), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        piece = message.get("body", b"")
        length += len(piece)
        if length <= most_bytes:
            body += piece
        more = message.get("more_body", False)
    if length > most_bytes:
        said = f"The request has {length:,} bytes; {most_bytes:,} are the most that are read."
        raise Denied(413, said, code="request_too_large")
    return bytes(body)


def json_object(body: bytes) -> dict[str, Any]:
    """Raises Invalid for what is no JSON object, or could not be handed on without harm."""
    _check_count(body)
    try:
        said = json.loads(body.decode(), parse_constant=_no_number, object_pairs_hook=_object)
    except RecursionError as error:
        raise _too_deep("") from error
    except ValueError as error:
        raise Invalid(f"The body is no JSON: {error}.", field="body") from error
    if not isinstance(said, dict):
        raise Invalid("The body should be a JSON object.", field="body")
    for value, place, depth in _walk(said):
        _check(value, place, depth)
    return said


def _check_count(body: bytes) -> None:
    """Before they are made: while many are, no other thread runs."""
    if sum(map(body.count, (b",", b"[", b"{"))) <= MOST_VALUES:
        return
    outside = (found for found in MARKS.finditer(body) if found.lastindex)  # texts may have any number
    if next(islice(outside, MOST_VALUES, None), None):
        raise Invalid(f"The body holds more than {MOST_VALUES:,} values.", field="body")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two that are called the same, one would be ignored."""
    said = dict(pairs)
    if len(said) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Invalid(f"{quoted(twice)} is there twice in one object.", field=twice)
    return said


def _walk(whole: object) -> Iterator[tuple[object, str, int]]:
    """Each value and name in it, with its place; no recursion, for that is what it guards against."""
    waiting = [(whole, "", 0)]
    while waiting:
        value, place, depth = waiting.pop()
        yield value, place, depth
        if isinstance(value, Mapping):
            for name, inner in value.items():
                yield name, place, depth
                waiting.append((inner, f"{place}.{name}" if place else name, depth + 1))
        elif isinstance(value, list):
            waiting.extend(
                (inner, f"{place}[{index}]", depth + 1)
                for index, inner in enumerate(value)
                if type(inner) is not int  # there may be a million, and none does harm
            )


def _check(value: object, place: str, depth: int) -> None:
    if depth > MOST_DEEP:
        raise _too_deep(re.split(r"[.\[]", place)[0])
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{place} is a number too large to be one.", field=place)
    if isinstance(value, str) and not value.isascii():
        _check_text(value, place)


def _check_text(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(text[error.start]):04x}"
        named = place.encode(errors="replace").decode()
        said = f"{named or 'A name'} holds {half}, which is half of a character."
        raise Invalid(said, field=named or "body") from error


def _too_deep(field: str) -> Invalid:
    return Invalid(
        f"{field or 'The body'} is nested more than {MOST_DEEP} levels deep.", field=field or "body"
    )


def _no_number(constant: str) -> Never:
    raise ValueError(f"{constant} is no number of JSON")
