"""`pyexe`: Python that remembers, in a process of its own."""

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, Field

from core.artifacts import new_artifact
from core.errors import ToolError
from core.messages import ToolStatus
from core.permissions import Effect
from core.sandbox import Command, Worker
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import CodeResult
from tool.capture import Capture
from tool.output_text import shown, without_controls

WORKER = Path(__file__).with_name("python_worker.py")
STATE_LOST = "Its variables and imports are lost; the next call starts anew."


class PyexeArgs(BaseModel):
    """Run Python. Variables and imports last for later calls; the last expression's value is shown."""

    code: str
    timeout_seconds: int = Field(default=60, ge=1, le=600)
    reset: bool = Field(default=False, description="Start with an empty state.")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What became of one piece of code."""

    failed: bool = False
    """By an exception."""
    broken: str = ""
    """Why the process is gone; empty while it lives."""
    images: Sequence[str] = ()
    """PNG files in base64."""


@dataclass
class Pyexe:
    services: ToolServices
    name = "pyexe"
    args = PyexeArgs
    effect = Effect.EXECUTE
    _worker: Worker | None = field(default=None, init=False)

    async def run(self, args: PyexeArgs, context: ToolContext) -> ToolResult:
        if args.reset:
            await self.aclose()
        profile = self.services.profile
        capture = Capture(
            profile.output_chars,
            self.services.artifacts,
            lambda text: context.progress(without_controls(text)),
            self.services.masking,
        )
        try:
            run = await self._run(args, capture)
        finally:
            capture.close()
        images = tuple(self._saved(image) for image in run.images)
        notes = [f"(plot: {image})" for image in images]
        if capture.spilled:
            notes.append(f"(full output: {self._name_of(capture.spilled)})")
        notes += [f"({capture.note})"] if capture.note else []
        notes += [run.broken] if run.broken else []
        room = profile.output_chars - sum(len(note) + 1 for note in notes)
        output = await shown(capture, room)
        view = CodeResult(code=args.code, output=output, failed=run.failed, images=images)
        status = ToolStatus.FAILED if run.broken else ToolStatus.OK
        return ToolResult("\n".join(filter(None, (output, *notes))) or "(no output)", view, status)

    async def aclose(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.aclose()

    async def _run(self, args: PyexeArgs, capture: Capture) -> Run:
        try:
            async with asyncio.timeout(args.timeout_seconds):
                worker = self._worker = self._worker or await self._start()
                await worker.send(json.dumps({"code": args.code}))
                return await self._follow(worker, capture)
        except TimeoutError:
            await self.aclose()
            return Run(failed=True, broken=f"Stopped after {args.timeout_seconds} s. {STATE_LOST}")
        except (asyncio.CancelledError, ToolError):
            await self.aclose()  # what still runs would answer the next call
            raise

    async def _follow(self, worker: Worker, capture: Capture) -> Run:
        while (line := await worker.receive()) is not None:
            match _message(line):
                case {"output": str(text)}:
                    capture.add(text.encode("utf-8", "replace"))
                case {"done": {"failed": bool(failed), "images": [*images]}}:
                    return Run(failed=failed, images=tuple(map(str, images)))
                case {"died": int(code)}:
                    await self.aclose()
                    return Run(failed=True, broken=f"The process {_end(code)}. {STATE_LOST}")
                case _:
                    break
        await self.aclose()
        return Run(failed=True, broken=f"The process was ended from outside. {STATE_LOST}")

    async def _start(self) -> Worker:
        root = self.services.workspace.real_root
        own = root / ".venv" / "bin" / "python"
        interpreter = str(own) if own.exists() else sys.executable
        command = Command(argv=(interpreter, str(WORKER)), cwd=root, environment={"MPLBACKEND": "Agg"})
        return await self.services.sandbox.start(command, self.services.sandbox.policy)

    def _saved(self, image: str) -> str:
        path = self.services.artifacts / f"plot-{os.urandom(4).hex()}.png"
        with new_artifact(path.parent, path.name) as file:
            file.write(base64.b64decode(image))
        return self._name_of(path)

    def _name_of(self, path: Path) -> str:
        return self.services.workspace.name_of(path.resolve())


def _message(line: str) -> object:
    """What the process says; None where the code, or a program of the project in its place, says nonsense."""
    with suppress(ValueError, RecursionError):
        message: object = json.loads(line)
        return message
    return None


def _end(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.strsignal(-code)}"
