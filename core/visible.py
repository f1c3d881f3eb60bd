"""Text of strangers for people's eyes: nothing of it is obeyed, hidden, or mistaken for something else.

`visible` is for all that is shown; `revealed` and `suspicions` are for what a person is asked to allow.
"""

import re
import unicodedata
from collections.abc import Iterator

COMMANDING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What a terminal may obey (C0 and C1 but tab and line end), and what turns or hides the text around it."""
UNSEEN = re.compile(
    "[\u00a0\u00ad\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200d\u202f\u205f-\u2065\u2800\u3000\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff]"
)
"""What takes no room, or looks like a space and is none to a shell."""
GAPS = re.compile(r"[ \t]{40,}|\n(?:[ \t]*\n){5,}")
"""So much nothing that what follows may be out of sight."""
WORD = re.compile(r"[^\W_]+")
SCRIPTS_LIKE_LATIN = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "DESERET")
LIKE_LATIN = frozenset("асеһіјӏорԛѕԝхуүАВСЕНІЈКМОРԚЅТԜХУҮΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρօսՕՍ")
"""Letters of other alphabets that look like Latin ones."""
LIKE_SIGNS = {
    "∕": "/",
    "⁄": "/",
    "⧸": "/",
    "╱": "/",
    "꞉": ":",
    "∶": ":",
    "։": ":",
    "․": ".",
    "‚": ",",
    "∖": "\\",
    "ǃ": "!",
}


MOST_NAMED = 4


def visible(text: str) -> str:
    """`text` with what a terminal would obey written out: ESC is `␛`, a right-to-left override `<U+202E>`."""
    return COMMANDING.sub(_written_out, text.replace("\r\n", "\n"))


def revealed(text: str) -> str:
    """`text` with all written out that is not seen as what it is."""
    return UNSEEN.sub(_written_out, COMMANDING.sub(_written_out, text))


def suspicions(text: str) -> Iterator[str]:
    """What a person should know of `text` before they allow it: a sentence for each trick."""
    if COMMANDING.search(text) or UNSEEN.search(text):
        yield "It holds characters that are not seen, or turn the text around: they are written out here."
    if words := dict.fromkeys(_posing(text)):
        yield f"It holds letters that look like others: {', '.join([*words][:MOST_NAMED])}."
    if GAPS.search(text):
        yield "It holds long gaps: read it to its end."


def _posing(text: str) -> Iterator[str]:
    """Words of which a letter only looks like the one that is read, each with that letter's name."""
    if text.isascii():
        return
    for sign, meant in LIKE_SIGNS.items():
        if sign in text:
            yield f"{sign!r} is no {meant!r}"
    for found in WORD.finditer(text):
        word = found[0]
        if not word.isascii() and (letter := _posing_letter(word)):
            yield f"{revealed(word[:40])!r} has {unicodedata.name(letter, 'an unnamed character')}"


def _posing_letter(word: str) -> str:
    """The first letter that is not what it looks like; empty for a word of one alphabet."""
    if compatible := next((one for one in word if not one.isascii() and _means_ascii(one)), ""):
        return compatible
    others = [one for one in word if unicodedata.name(one, "").startswith(SCRIPTS_LIKE_LATIN)]
    has_latin = any(unicodedata.name(one, "").startswith("LATIN") for one in word)
    if others and (has_latin or (len(word) > 2 and all(one in LIKE_LATIN for one in word))):
        return others[0]
    return ""


def _means_ascii(letter: str) -> bool:
    """Whether it is another form of an ASCII letter: 𝗿, ｒ, ⓡ."""
    return (letter.isalpha() or letter.isdecimal()) and unicodedata.normalize("NFKC", letter).isascii()


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"
