"""Vectors from a sentence-transformers model in a folder of this machine (the extra `embed`).

The model needs a gigabyte of memory and seconds to load, so it lives in a process of its own
(`gate/embedding/sentence_worker.py`): started when it is first asked, started once more when it was killed,
and ended when we end, however that happens, because its standard input ends then.
"""

import asyncio
import hashlib
import json
import os
import struct
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.arrays import load_numpy
from core.embedding import EmbeddingFailed
from gate.patience import patience

if TYPE_CHECKING:
    from core.embedding import Floats

WORKER = Path(__file__).with_name("sentence_worker.py")
SAMPLE_BYTES = 2**16
LONGEST_LINE = 2**16
LONGEST = 16_384
"""Characters of a text that are sent; such models read the first few hundred words."""
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass
class DirectoryEmbedder:
    """A model in a folder, as `SentenceTransformer.save` writes it, with safetensors and without code."""

    folder: Path
    python: str = sys.executable
    """The Python that has sentence-transformers."""
    seconds: float = 300.0
    """How long loading may take, and then each batch."""
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)
    _keeper: AsyncGenerator[None, None] | None = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _model: str = ""

    @property
    def model(self) -> str:
        """Named after the folder and what is in it: other weights are another model."""
        self._model = self._model or f"{self.folder.name} {_digest(self.folder)}"
        return self._model

    async def embed(self, texts: Sequence[str]) -> "Floats":
        if not texts:
            return _none()
        sent = [text[:LONGEST].encode("utf-8", "replace").decode() for text in texts]
        async with self._turn:
            try:
                return await self._asked(sent)
            except (OSError, EOFError):  # it was killed, or ran out of memory
                await self.close()
            try:
                return await self._asked(sent)
            except (OSError, EOFError) as error:
                await self.close()
                said = f"The process with the model {str(self.folder)!r} ended by itself, twice."
                raise EmbeddingFailed(said, hint="Is there memory enough for it?") from error

    async def close(self) -> None:
        """End the process, as the end of the event loop does; the next question starts another one."""
        keeper, self._keeper, self._process = self._keeper, None, None
        if keeper and self._loop is asyncio.get_running_loop():
            await keeper.aclose()

    async def _asked(self, texts: Sequence[str]) -> "Floats":
        try:
            async with patience(self.seconds):
                return await self._exchanged(await self._started(), texts)
        except TimeoutError as error:
            await self.close()
            late = f"The model {str(self.folder)!r} gave no vectors within {self.seconds:g} seconds."
            raise EmbeddingFailed(late) from error
        except asyncio.CancelledError:
            await self.close()  # what it answers now is nobody's
            raise

    async def _exchanged(self, process: asyncio.subprocess.Process, texts: Sequence[str]) -> "Floats":
        """Raises OSError or EOFError when the process is gone."""
        load_numpy()
        import numpy as np

        assert process.stdin
        assert process.stdout
        question = json.dumps(list(texts)).encode()
        process.stdin.write(struct.pack("<Q", len(question)) + question)
        with suppress(ConnectionError):  # it may have said why it ended, and read nothing
            await process.stdin.drain()
        head = json.loads(await process.stdout.readline() or _gone())
        if "error" in head:
            await self.close()
            hint = "It has to be a folder of sentence-transformers, which the extra roost[embed] brings."
            raise EmbeddingFailed(
                f"The model {str(self.folder)!r} cannot be used: {head['error'].rstrip('.')}.", hint=hint
            )
        body = await process.stdout.readexactly(4 * head["rows"] * head["dimensions"])
        return np.frombuffer(body, "<f4").reshape(head["rows"], head["dimensions"])

    async def _started(self) -> asyncio.subprocess.Process:
        loop = asyncio.get_running_loop()
        if self._process is None or self._process.returncode is not None or self._loop is not loop:
            self._loop = loop
            self._process = await asyncio.create_subprocess_exec(
                *(self.python, "-I", str(WORKER), str(self.folder)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, **OFFLINE},
                limit=LONGEST_LINE,
            )
            self._keeper = _kept(self._process)
            await anext(self._keeper)
        return self._process


async def _kept(process: asyncio.subprocess.Process) -> AsyncGenerator[None, None]:
    """Ends `process` in time: when an event loop ends, it ends the generators that were begun in it."""
    try:
        yield
    finally:
        if process.stdin:
            process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


def _none() -> "Floats":
    load_numpy()
    import numpy as np

    return np.zeros((0, 1), np.float32)


def _gone() -> bytes:
    raise EOFError


def _digest(folder: Path) -> str:
    """Of names, sizes, and the beginning and end of every file: reading all weights would take seconds."""
    hashed = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = file.stat().st_size
        hashed.update(f"{file.relative_to(folder).as_posix()}\0{size}\0".encode())
        with file.open("rb") as opened:
            hashed.update(opened.read(SAMPLE_BYTES))
            opened.seek(max(0, size - SAMPLE_BYTES))
            hashed.update(opened.read(SAMPLE_BYTES))
    return hashed.hexdigest()[:12]
