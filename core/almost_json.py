"""JSON as models write it: mended where only its form is wrong, refused where its meaning would be a guess.

Mended: raw line ends in strings, trailing commas, Python's quotes and constants, missing closing
brackets, a fence around it, an object encoded twice, nothing at all. Never mended: a string that
was not closed (half a file would be written) and a key that stands there twice with two values.
"""

import json
import re

from core.python_literal import read_literal

TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]]|,(?=\s*[}\]])', re.DOTALL)
FENCED = re.compile(r"```\w*\s*\n(.*?)\n?```", re.DOTALL)
CLOSING = {"{": "}", "[": "]"}


class Unclear(ValueError):
    """It means no object, or may mean two."""


def read_object(text: str) -> dict[str, object]:
    """The object that `text` means.

    Raises:
        ValueError: what is wrong with it, to be read after "the arguments".
    """
    text = text.strip()
    if fenced := FENCED.fullmatch(text):
        text = fenced[1].strip()
    try:
        found = _read(text)
        if isinstance(found, str):
            found = _read(found.strip())
    except RecursionError as error:
        raise ValueError("are nested too deeply") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Unclear(f"should be a JSON object, not {text[:60]!r}")
    if "\\u" in text or not text.isascii():
        _refuse_half_characters(found)
    return found


def plain_object(text: str) -> dict[str, object]:
    """The object that `text` is in JSON as it stands, with nothing mended.

    Raises:
        ValueError: what is wrong with it, to be read after "the arguments".
    """
    found = read_object(text)
    try:
        if isinstance(json.loads(text), dict):
            return found
    except json.JSONDecodeError as error:
        raise Unclear(f"are not JSON: {error.msg} at character {error.pos}") from error
    raise Unclear(f"should be a JSON object, not {text[:60]!r}")


def mended_json(text: str) -> str | None:
    """`text` itself where it is an object in JSON, else the object it means, or None if that is unclear."""
    try:
        if isinstance(json.loads(text, object_pairs_hook=_without_conflict), dict):
            return text
    except (ValueError, RecursionError):
        pass
    try:
        return json.dumps(read_object(text), ensure_ascii=False)
    except ValueError:
        return None


def _read(text: str) -> object:
    if not text:
        return {}
    try:
        return _loaded(text)
    except json.JSONDecodeError as error:
        if (found := _mended(text)) is not None:
            return found
        place = f"are not JSON: {error.msg} at character {error.pos}"
        raise ValueError("end inside a string" if _is_cut(text) else place) from error


def _mended(text: str) -> object | None:
    if not _is_cut(text):
        try:
            return _loaded(_closed(text))
        except json.JSONDecodeError:
            pass
    found = read_literal(text)
    return None if found is None else _loaded(found)


def _loaded(text: str) -> object:
    return json.loads(text, strict=False, object_pairs_hook=_without_conflict)


def _without_conflict(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, item in pairs:
        if found.setdefault(key, item) != item:
            raise Unclear(f"have two values for {key!r}")
    return found


def _refuse_half_characters(found: dict[str, object]) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Unclear("hold half a character (a lone surrogate)") from error


def _is_cut(text: str) -> bool:
    return '"' in TOKEN.sub("", text)


def _closed(text: str) -> str:
    """`text` without trailing commas and with the brackets that are missing at its end."""
    awaited: list[str] = []

    def kept(token: re.Match[str]) -> str:
        if token[0] in CLOSING:
            awaited.append(CLOSING[token[0]])
        elif awaited and token[0] == awaited[-1]:
            awaited.pop()
        return "" if token[0] == "," else token[0]

    return TOKEN.sub(kept, text) + "".join(reversed(awaited))
