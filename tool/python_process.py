"""A Python that stays, in the sandbox: asked in lines of JSON, for `pyexe` and for skills."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ToolError
from core.sandbox import Command, SandboxBackend, Worker
from tool.capture import Capture

WORKER = Path(__file__).with_name("python_worker.py")


class Broken(Exception):
    """The process is gone, and why, as the end of a sentence or a whole one; the next request starts anew."""


@dataclass
class PythonProcess:
    sandbox: SandboxBackend
    root: Path
    words: tuple[str, ...] = ()
    """What it is told to be, beside an interpreter."""
    _worker: Worker | None = field(default=None, init=False)

    async def ask(self, request: Mapping[str, Any], output: Capture, seconds: float) -> Mapping[str, Any]:
        """What it answers; all that is printed meanwhile goes to `output`.

        Raises:
            Broken: or ToolError when it could not be started.
        """
        try:
            async with asyncio.timeout(seconds):
                worker = self._worker = self._worker or await self._start()
                await worker.send(json.dumps(request))
                return await self._follow(worker, output)
        except TimeoutError as error:
            await self.aclose()
            raise Broken(f"Stopped after {seconds:g} s.") from error
        except (asyncio.CancelledError, ToolError):
            await self.aclose()  # what still runs would answer the next call
            raise

    async def aclose(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.aclose()

    async def _follow(self, worker: Worker, output: Capture) -> Mapping[str, Any]:
        while (line := await worker.receive()) is not None:
            match _message(line):
                case {"output": str(text)}:
                    output.add(text.encode("utf-8", "replace"))
                case {"done": dict(done)}:
                    return done
                case {"died": int(code)}:
                    await self.aclose()
                    raise Broken(f"The process {_end(code)}.")
                case _:
                    break
        await self.aclose()
        raise Broken("The process was ended from outside.")

    async def _start(self) -> Worker:
        own = self.root / ".venv" / "bin" / "python"
        interpreter = str(own) if own.exists() else sys.executable
        argv = (interpreter, str(WORKER), *self.words)
        command = Command(argv=argv, cwd=self.root, environment={"MPLBACKEND": "Agg"})
        return await self.sandbox.start(command, self.sandbox.policy)


def _message(line: str) -> object:
    """What the process says; None where the code, or a program of the project in its place, says nonsense."""
    with suppress(ValueError, RecursionError):
        message: object = json.loads(line)
        return message
    return None


def _end(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.strsignal(-code)}"
