"""Shell words as commands get them: quotes and escapes resolved."""

import re
from collections.abc import Iterator


def names(text: str) -> frozenset[str]:
    """A set of words, written as one text."""
    return frozenset(text.split())


HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Control characters."""
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,= -]+")
_KEYWORDS = names("if then else elif fi for while until do done case esac select function coproc")
_ANSI_LETTERS = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_ANSI_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.)|(.))", re.DOTALL
)


def plain_words(command: str) -> tuple[str, ...]:
    """The words of a command that is plainly one command, so that no grammar is needed; else none."""
    if not _PLAIN.fullmatch(command):
        return ()
    words = tuple(command.split(" "))
    words = tuple(word for word in words if word)
    return () if not words or "=" in words[0] or words[0] in _KEYWORDS else words


def guessed_words(text: str) -> tuple[tuple[str, ...], ...]:
    """Words as they stand between the signs of a shell, quotes left out."""
    return tuple(tuple(re.sub(r"[\"'\\]", "", one).split()) for one in re.split(r"[;&|\n(){}`]", text))


def joined_lines(text: str) -> str:
    """`text` with its continued lines joined, unless each goes on after a word and a blank."""
    continued = [line[:-1] for line in text.split("\n")[:-1] if line.endswith("\\")]
    plain = all(line.strip() and line.endswith((" ", "\t")) for line in continued)
    return text if plain else text.replace("\\\n", "")


def other_readings(text: str) -> Iterator[tuple[str, str]]:
    """What else a shell may run for `text`, each with why that is not certain."""
    if (joined := joined_lines(text)) != text:
        yield "a command goes on in the next line", joined
    if "((" in text:
        yield (
            "'((' is arithmetic to some shells and two subshells to others",
            text.replace("((", "( ( ").replace("))", ") ) "),
        )
    if re.search(r"(?:!|\btime\b[^;&|\n]*)\s\{\s", text):
        grouped = re.sub(r"(?<!\S)\{(?=\s)", "(", text)
        yield "a group stands behind '!' or time", re.sub(r"(?<=[;\s])\}(?!\w)", ")", grouped)
    if (parted := re.sub(r"(\n[ \t]*)\\(?=[^\n])", r"\1", text)) != text:
        yield "a line begins with a backslash", parted
    if (plain := re.sub(r"(^|[\s;&|(){}!])\\[ \t\v\f]", r"\1_", text)) != text:
        yield "a word begins with an escaped blank", plain
    for inner in re.findall(r"`((?:[^`\\]|\\.)*)`", text, re.DOTALL):
        if "\\" in inner:
            yield "there are escapes between backticks", re.sub(r"\\([`$\\])", r"\1", inner)


def unquoted_text(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: found[1].strip("\n"), text, flags=re.DOTALL)


def quoted_text(text: str) -> str:
    """What stands between double quotes."""
    return re.sub(r"\\([$`\"\\\n])", lambda found: found[1].strip("\n"), text)


def ansi_text(text: str) -> str:
    """What stands between `$'` and `'`; it ends at a NUL, as it does in the shell."""
    return _ANSI_ESCAPE.sub(_ansi_sign, text).partition("\0")[0]


def _ansi_sign(found: re.Match[str]) -> str:
    *hexes, octal, control, letter = found.groups()
    code = next((int(digits, 16) for digits in hexes if digits), None)
    if octal:
        code = int(octal, 8) & 0xFF
    if control:
        code = ord(control) & 0x1F
    if code is None:
        return _ANSI_LETTERS.get(letter) or (letter if letter in "\\'\"?" else found[0])
    return chr(code) if code <= 0x10FFFF else "\ufffd"
