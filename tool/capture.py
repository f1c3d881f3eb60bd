"""What is kept of an output: its head and its tail in memory, all of it in a file when it is long."""

import asyncio
import codecs
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from core.artifacts import new_artifact
from core.masking import MaskedBytes, Masking

HEAD_SHARE = 0.3
"""Of what is kept; errors stand at the end."""
MOST_SPILLED_BYTES = 50_000_000
PROGRESS_SECONDS = 0.1
MOST_PROGRESS_CHARS = 2_000
NOTHING_MASKED = Masking()


class Capture:
    """Takes bytes as they come; memory stays within a few times `kept_chars`, whatever comes."""

    def __init__(
        self,
        kept_chars: int,
        spill_to: Path | None,
        progress: Callable[[str], None],
        masking: Masking = NOTHING_MASKED,
    ) -> None:
        self.head = ""
        self.tail = ""
        self.spilled: Path | None = None
        self.note = ""
        self._head_chars = int(kept_chars * HEAD_SHARE)
        self._tail_chars = kept_chars - self._head_chars
        self._chars = 0
        self._bytes = 0
        self._spill_to = spill_to
        self._file: BinaryIO | None = None
        self._unspilled = bytearray()
        self._progress = Progress(progress)
        self._masked = MaskedBytes(masking)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def dropped_chars(self) -> int:
        return self._chars - len(self.head) - len(self.tail)

    def add(self, chunk: bytes) -> None:
        self._add_masked(self._masked.add(chunk))

    def close(self) -> None:
        self._add_masked(self._masked.add(b"", final=True))
        self._add_text(self._decoder.decode(b"", final=True))
        self._progress.close()
        if self._file is not None:
            self._file.close()

    def _add_masked(self, chunk: bytes) -> None:
        self._add_text(self._decoder.decode(chunk))
        self._spill(chunk)

    def _add_text(self, text: str) -> None:
        self._progress.add(text)
        self._chars += len(text)
        missing = self._head_chars - len(self.head)
        self.head += text[:missing]
        self.tail = (self.tail + text[missing:])[-self._tail_chars :] if missing < len(text) else self.tail

    def _spill(self, chunk: bytes) -> None:
        """Keep what fits in memory; from the first character that does not, everything goes to the file."""
        if self._spill_to is None:
            return
        try:
            if self._file is None:
                self._unspilled += chunk
                if not self.dropped_chars:
                    return
                self._file = self._opened(self._spill_to)
                chunk = bytes(self._unspilled)
                self._unspilled.clear()
            room = max(0, MOST_SPILLED_BYTES - self._bytes)
            self._file.write(chunk[:room])
        except OSError as error:
            self._spill_to = None
            self.note = f"The full output could not be written: {error.strerror}."
            return
        self._bytes += len(chunk)
        if len(chunk) > room:
            self.note = f"The file holds the first {MOST_SPILLED_BYTES // 1_000_000} MB of the output."

    def _opened(self, folder: Path) -> BinaryIO:
        path = folder / f"output-{os.urandom(4).hex()}.txt"
        file = new_artifact(folder, path.name)
        self.spilled = path
        return file


class Progress:
    """Passes text on at once, but at most ten times a second; of more, the newest part."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._waiting = ""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, text: str) -> None:
        self._waiting = (self._waiting + text)[-MOST_PROGRESS_CHARS:]
        if self._timer is None:
            self._flush()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._waiting:
            self._tell(self._waiting)
            self._waiting = ""

    def _flush(self) -> None:
        self._timer = None
        if self._waiting:
            self._tell(self._waiting)
            self._waiting = ""
            self._timer = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._flush)
