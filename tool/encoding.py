"""Bytes of a file as text and back: what kind of bytes they are, in which encoding, with which line ends.

Imports nothing of ours, because the scanner's process (`tool/scan.py`) starts with it.
"""

import codecs
import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

SNIFFED_BYTES = 8_192
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Longer marks stand before those that they begin with."""

MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x7fELF", "a program (ELF)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
)


@dataclass(frozen=True)
class Encoding:
    name: str
    mark: bytes = b""
    """The byte order mark the file begins with."""

    @property
    def is_wide(self) -> bool:
        """Whether a character is more than one byte, also those that ASCII has."""
        return self.name.startswith(("utf-16", "utf-32"))

    def decode(self, content: bytes) -> str:
        return content[len(self.mark) :].decode(self.name, "replace")

    def encode(self, text: str) -> bytes:
        """Raises UnicodeEncodeError for what this encoding cannot hold."""
        return self.mark + text.encode(self.name)


def encoding_of(content: bytes, *, whole: bool = True) -> Encoding:
    """UTF-8, or as a mark says, or Latin-1, which any bytes are; `whole` is False for a file's head."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return Encoding(name, mark)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
    except UnicodeDecodeError:
        return Encoding("latin-1")
    return Encoding("utf-8")


def binary_kind(head: bytes) -> str | None:
    """What the file is that begins with `head`, or None when it is text."""
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if b"\0" in head[:SNIFFED_BYTES] and not head.startswith(tuple(mark for mark, _ in MARKS)):
        return "a binary file"
    return None


@dataclass(frozen=True)
class Lines:
    """A text whose line ends are all seen as `\\n`, and edited as they are."""

    raw: str

    @cached_property
    def text(self) -> str:
        return self.raw.replace("\r\n", "\n")

    @cached_property
    def ending(self) -> str:
        """The line end that most lines have."""
        return "\r\n" if 2 * len(self._carriage_returns) > self.text.count("\n") else "\n"

    def replaced(self, edits: Iterable[tuple[int, int, str]]) -> str:
        """The file's text with each `text[start:end]`, in order, replaced by `new`."""
        pieces, at = list[str](), 0
        for start, end, new in edits:
            pieces += (self.raw[at : self._place(start)], self.written(new))
            at = self._place(end)
        return "".join([*pieces, self.raw[at:]])

    def written(self, new: str) -> str:
        """`new` with the line ends of the file."""
        return new.replace("\r\n", "\n").replace("\n", self.ending)

    @cached_property
    def _carriage_returns(self) -> list[int]:
        """Places in `text` before which the file has a carriage return."""
        return [found.start() - count for count, found in enumerate(re.finditer("\r\n", self.raw))]

    def _place(self, at: int) -> int:
        return at + bisect_left(self._carriage_returns, at)
