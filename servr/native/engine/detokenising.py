"""From tokens to text as they come: characters are whole, and joined the pieces are the tokenizer's decoding.

`tokenizers` has a `DecodeStream`. It holds stray bytes back until something else comes, and decodes all of
them again for each token, so that 3,000 take a second; here a token costs the same wherever it stands.
"""

import codecs
import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tokenizers import Tokenizer

STRAY_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Spelled(NamedTuple):
    bytes: bytes
    text: str
    """By itself; half a character is U+FFFD."""
    is_byte: bool = False
    """One of a run that is read as a whole, as SentencePiece spells what it has no token for."""


class Spelling:
    """How each token of a vocabulary is written, found out once for each. Belongs to one thread."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer
        kinds = _kinds(tokenizer)
        self._alphabet = _alphabet() if "ByteLevel" in kinds else None
        self._has_bytes = "ByteFallback" in kinds
        self._known: dict[int, Spelled] = {}
        self._before = tokenizer.encode("a", add_special_tokens=False).ids[-1:]
        self._text_before = tokenizer.decode(self._before, skip_special_tokens=False)

    def __getitem__(self, token: int) -> Spelled:
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = self._spelled(token)
        return known

    def _spelled(self, token: int) -> Spelled:
        name = self._tokenizer.id_to_token(token)
        if name is None:  # the logits may be wider than the vocabulary; a run goes on over it
            return Spelled(b"", "", is_byte=self._has_bytes)
        if self._alphabet is not None:
            return _by_letters(name, self._alphabet)
        if self._has_bytes and (byte := STRAY_BYTE.fullmatch(name)):
            value = bytes.fromhex(byte[1])
            return Spelled(value, value.decode(errors="replace"), is_byte=True)
        # Behind another one, for at the beginning of a text the space before a word is left out.
        text = self._tokenizer.decode([*self._before, token], skip_special_tokens=False)
        text = text.removeprefix(self._text_before)
        return Spelled(text.encode(), text)


class Detokeniser:
    """The text of one reply. It goes on from a prompt, so the space before its first word stays."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._characters = codecs.getincrementaldecoder("utf-8")("replace")
        self._run = bytearray()

    def take(self, token: int) -> str:
        """The characters that are certain with `token`; often none, or more than its own."""
        spelled = self._spelling[token]
        if spelled.is_byte:
            self._run += spelled.bytes
            return ""
        return self._ended_run() + self._characters.decode(spelled.bytes)

    def end(self) -> str:
        """What is left when no more comes: bytes that did not become a character are U+FFFD."""
        return self._ended_run() + self._characters.decode(b"", final=True)

    @property
    def is_waiting(self) -> bool:
        """Whether bytes are held back."""
        return bool(self._run or self._characters.getstate()[0])

    def _ended_run(self) -> str:
        """A run is text as a whole or not at all: that is how such tokenizers decode it."""
        if not self._run:
            return ""
        run, self._run = bytes(self._run), bytearray()
        try:
            return run.decode()
        except UnicodeDecodeError:
            return "\ufffd" * len(run)


def _kinds(tokenizer: "Tokenizer") -> frozenset[str]:
    """The types of its decoders, inner ones too."""
    if tokenizer.decoder is None:
        return frozenset()
    state = json.loads(tokenizer.decoder.__getstate__())
    return frozenset(one["type"] for one in (state, *state.get("decoders", ())))


def _by_letters(name: str, alphabet: dict[str, int]) -> Spelled:
    try:
        spelled = bytes(alphabet[letter] for letter in name)
    except KeyError:  # added by hand, and written as it is
        spelled = name.encode()
    return Spelled(spelled, spelled.decode(errors="replace"))


def _alphabet() -> dict[str, int]:
    """The letter of each byte in byte-level BPE: itself where it can be seen, else one from U+0100 on."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    unseen = [byte for byte in range(256) if byte not in seen]
    return {chr(byte): byte for byte in seen} | {
        chr(0x100 + place): byte for place, byte in enumerate(unseen)
    }
