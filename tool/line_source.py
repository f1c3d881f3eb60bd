"""Lines of a file by number, in one pass and little memory, however long the file or a line is."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from core.text import LINE_CHARS

CHUNK_BYTES = 1_000_000
COUNTED_BYTES = 256_000_000
"""How far lines are counted beyond the one that is looked for."""
MOST_PIECE_BYTES = 8 * LINE_CHARS
"""As much of a long line as is ever needed."""


@dataclass(frozen=True)
class Survey:
    """What one pass over a file found out."""

    place: int | None
    """The byte where the line begins that was looked for; None when there is no such line."""
    lines: int
    complete: bool
    """Whether all lines were counted."""
    digest: str
    """SHA-256 of the bytes, in hex; empty when not all were read."""


@dataclass(frozen=True)
class LineSource:
    """A file in which every line ends in the one byte `\\n`."""

    file: BinaryIO
    codec: str

    def survey(self, start: int) -> Survey:
        """Find line `start`, from 1, and count all lines."""
        self.file.seek(0)
        digest = sha256()
        place = 0 if start == 1 else None
        size, ends, last = 0, 0, b"\n"
        while chunk := self.file.read(CHUNK_BYTES):
            count = chunk.count(b"\n")
            if place is None and ends + count >= start - 1:
                place = size + _after_end(chunk, start - 1 - ends)
            digest.update(chunk)
            size, ends, last = size + len(chunk), ends + count, chunk
            if place is not None and size - place > COUNTED_BYTES:
                return Survey(place=place, lines=ends, complete=False, digest="")
        lines = ends + (not last.endswith(b"\n"))
        return Survey(place if start <= lines else None, lines, complete=True, digest=digest.hexdigest())

    def lines(self, place: int) -> Iterator[str]:
        """From the byte `place` on; a long line is cut, and says how much longer it is."""
        self.file.seek(place)
        while piece := self.file.readline(MOST_PIECE_BYTES):
            more = self._skipped() if len(piece) == MOST_PIECE_BYTES and not piece.endswith(b"\n") else 0
            text = piece.rstrip(b"\r\n").decode(self.codec, "replace")
            if not place:
                text = text.removeprefix("\ufeff")
            place += len(piece) + more
            left = len(text) - LINE_CHARS + more
            yield text if left <= 0 else f"{text[:LINE_CHARS]}[... {left:,} more in this line]"

    def _skipped(self) -> int:
        """Go to the next line; answers how many bytes of this one were left."""
        count = 0
        while piece := self.file.readline(CHUNK_BYTES):
            count += len(piece)
            if piece.endswith(b"\n"):
                break
        return count


def _after_end(chunk: bytes, lines: int) -> int:
    place = 0
    for _ in range(lines):
        place = chunk.index(b"\n", place) + 1
    return place
