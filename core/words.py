"""The words of a text, as searches compare them: any language, and identifiers in their parts.

    getHTTPResponse2  ->  get http response 2 gethttpresponse2
    snake_case        ->  snake case snakecase
    src/some_file.py  ->  src some file somefile py
    日本語             ->  日 日本 本 本語 語

All is lower case and without accents. Scripts that put no blanks between words are read in single characters
and in pairs, as pairs need no dictionary. No word holds a blank, a quote or another sign, so words may be
joined by blanks and quoted.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

LONGEST = 64
"""Characters of a word that count: what is longer is no word but a key, a hash or a picture."""
MOST_PARTS = 24

ACCENTS = re.compile("[\u0300-\u036f]")
UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
UNSPACED += "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
PICTURES = "\u2600-\u27bf\U0001f000-\U0001faff"
MARKS = "\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
MARKS += "\u06d6-\u06dc\u06df-\u06e8\u0900-\u0963\u0966-\u0dff"
"""What `\\w` leaves out although words are written with it: vowels of Arabic, Hebrew and the scripts of
India."""

IDENTIFIER = re.compile(rf"[\w{MARKS}]+|[{PICTURES}]")
ASCII_IDENTIFIER = re.compile("[0-9A-Z_a-z]+")
"""The same in a text that is all ASCII, in half of the time."""
ASCII_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
UNSPACED_RUN = re.compile(rf"[{UNSPACED}]+")


def words(text: str) -> Iterator[str]:
    """In the order in which they stand; a word that stands twice comes twice."""
    identifiers = (ASCII_IDENTIFIER if text.isascii() else IDENTIFIER).findall(folded(text))
    return chain.from_iterable(map(words_of, identifiers))


def folded(text: str) -> str:
    """Without accents, and with one form for characters that have several. Case is kept: it parts
    identifiers.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


@lru_cache(maxsize=2**16)
def words_of(identifier: str) -> tuple[str, ...]:
    """Its parts, and if there are several, all of it as one word."""
    if identifier.isascii() and identifier.islower() and identifier.isalpha():
        return (identifier[:LONGEST],)
    parts = ASCII_PARTS.findall(identifier) if identifier.isascii() else list(_parts(identifier))
    named = [word for part in parts[:MOST_PARTS] for word in _spelled(part)]
    if len(parts) > 1 and not UNSPACED_RUN.search(identifier):
        named.append("".join(parts).casefold()[:LONGEST])
    return tuple(named)


def _parts(identifier: str) -> Iterator[str]:
    """Split where the script changes, at digits and underscores, and where a capital follows a small
    letter.
    """
    for run in re.split(rf"([{UNSPACED}]+|[0-9]+|_+)", identifier):
        if not run or run[0] == "_":
            continue
        start = 0
        for place in range(1, len(run)):
            if run[place].isupper() and run[place - 1].islower():
                yield run[start:place]
                start = place
        yield run[start:]


def _spelled(part: str) -> Iterator[str]:
    if not UNSPACED_RUN.fullmatch(part):
        yield part.casefold()[:LONGEST]
        return
    for place, character in enumerate(part):
        yield character
        if place + 1 < len(part):
            yield part[place : place + 2]
