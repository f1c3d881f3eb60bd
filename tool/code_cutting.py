"""The process that cuts files into chunks: fed in batches, replaced when a file is the end of it.

batch ──▶ worker ──▶ one answer a file
            └─ dies, or takes too long: a new one goes on, and reads that file as plain text
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from threading import Timer
from types import TracebackType
from typing import Self

from core.code import Chunk
from tool.sandbox_none import command_environment

WORKER = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from tool.code_worker import main; main(sys.argv[2], sys.argv[3:])"
)
OUR_FOLDER = str(Path(__file__).resolve().parents[1])
BATCH_FILES, BATCH_BYTES = 32, 600_000
PIPE_BYTES = 1 << 20
"""Room for the answers to the next batch while those to the last one are taken in."""


@dataclass(frozen=True)
class Wanted:
    path: str
    known: str
    """The digest of what is known of it; empty for a new file."""
    size: int


@dataclass(frozen=True)
class Cut:
    """What came of one file."""

    path: str
    digest: str
    chunks: Sequence[Chunk] | None
    """None when it is what it was."""
    uses: Sequence[str] = ()


class Cutter:
    """Use in a `with`: the process does not outlive it."""

    def __init__(self, root: str, *, seconds: float = 60.0) -> None:
        """`root`: real path of the workspace. `seconds`: how long a batch of files may take."""
        self._root = root
        self._seconds = seconds
        self._process: Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._end()

    def cut(self, wanted: Sequence[Wanted]) -> Iterator[list[Cut]]:
        """Answers in the order of the files, batch by batch; the next is worked on meanwhile."""
        batches = list(_batches(wanted))
        for number, batch in enumerate(batches):
            if number == 0:
                self._ask([(each, False) for each in batch])
            done = self._answers(batch)
            if number + 1 < len(batches):
                self._ask([(each, False) for each in batches[number + 1]])
            yield done

    def _answers(self, batch: Sequence[Wanted]) -> list[Cut]:
        done, plain = list[Cut](), False
        while True:
            count = len(done)
            done += self._read(len(batch) - count)
            if len(done) == len(batch):
                return done
            plain = not plain or len(done) > count
            if not plain:  # it did not survive that file as plain text either
                done.append(Cut(batch[len(done)].path, "", ()))
            if rest := batch[len(done) :]:
                self._ask([(each, plain and not place) for place, each in enumerate(rest)])

    def _ask(self, files: Sequence[tuple[Wanted, bool]]) -> None:
        line = json.dumps([[each.path, each.known, plain] for each, plain in files]) + "\n"
        with suppress(OSError):  # it is gone: that shows when it is listened to
            process = self._process or self._start()
            assert process.stdin is not None
            process.stdin.write(line.encode("utf-8", "surrogateescape"))
            process.stdin.flush()

    def _read(self, most: int) -> list[Cut]:
        """Fewer than asked for when the process ended before; then it is gone."""
        process = self._process or self._start()
        assert process.stdout is not None
        timer, found = Timer(self._seconds, process.kill), list[Cut]()
        timer.daemon = True
        timer.start()
        try:
            while len(found) < most and (line := process.stdout.readline()).endswith(b"\n"):
                found.append(_cut(json.loads(line)))
        finally:
            timer.cancel()
        if len(found) < most:
            self._end()
        return found

    def _start(self) -> Popen[bytes]:
        command = (
            sys.executable,
            "-I",
            "-S",
            "-X",
            "utf8",
            "-c",
            WORKER,
            OUR_FOLDER,
            self._root,
            *_packages(),
        )
        self._process = Popen(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            pipesize=PIPE_BYTES,
            env=command_environment(os.environ, {}),
        )
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        with self._process:
            pass
        self._process = None


def _batches(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    batch, size = list[Wanted](), 0
    for each in wanted:
        if batch and (len(batch) == BATCH_FILES or size + each.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.size
    if batch:
        yield batch


def _cut(said: dict[str, object]) -> Cut:
    chunks, uses = said["chunks"], said["uses"]
    assert isinstance(uses, list)
    found = [Chunk(*each) for each in chunks] if isinstance(chunks, list) else None
    return Cut(str(said["path"]), str(said["digest"]), found, uses)


def _packages() -> list[str]:
    """Where the grammars are, if they are installed: the worker is started without the usual places."""
    found = find_spec("tree_sitter")
    return [str(Path(found.origin).parent.parent)] if found is not None and found.origin else []
