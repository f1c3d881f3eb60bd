"""`pyexe`: Python that remembers, in a process of its own."""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, Field

from core.artifacts import new_artifact
from core.messages import ToolStatus
from core.permissions import Effect
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import CodeResult
from tool.capture import Capture
from tool.output_text import shown, without_controls
from tool.python_process import Broken, PythonProcess

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

    @cached_property
    def _process(self) -> PythonProcess:
        return PythonProcess(self.services.sandbox, self.services.workspace.real_root)

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
        await self._process.aclose()

    async def _run(self, args: PyexeArgs, capture: Capture) -> Run:
        try:
            done = await self._process.ask({"code": args.code}, capture, args.timeout_seconds)
        except Broken as error:
            return Run(failed=True, broken=f"{error} {STATE_LOST}")
        match done:
            case {"failed": bool(failed), "images": [*images]}:
                return Run(failed=failed, images=tuple(map(str, images)))
        await self.aclose()
        return Run(failed=True, broken=f"The process was ended from outside. {STATE_LOST}")

    def _saved(self, image: str) -> str:
        path = self.services.artifacts / f"plot-{os.urandom(4).hex()}.png"
        with new_artifact(path.parent, path.name) as file:
            file.write(base64.b64decode(image))
        return self._name_of(path)

    def _name_of(self, path: Path) -> str:
        return self.services.workspace.name_of(path.resolve())
