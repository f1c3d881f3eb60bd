"""The checks of a task: commands, run in the sandbox by us, as the rules and the person allow it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from core.errors import PermissionDenied, ToolError
from core.masking import Masking
from core.messages import ToolCall
from core.permissions import Effect
from core.policies import Approver, PermissionPolicy
from core.sandbox import Command, CommandResult, Limits, SandboxBackend
from core.text import clip
from core.values import value

CHECK_SECONDS = 600
OUTPUT_CHARS = 1_500
TOOL = "shell"
"""A check is judged like a command of the model."""


@value
class Checked:
    command: str
    passed: bool
    output: str = ""
    """Its end."""
    refused: str = ""
    """Why it was not run at all; then nothing is known."""

    @property
    def said(self) -> str:
        """In a sentence and, where it failed, with the end of its output."""
        return f"`{clip(self.command, 200)}` {self.verdict}"

    @property
    def verdict(self) -> str:
        """The same without the command."""
        if self.refused:
            return f"was not run: {self.refused}"
        return "passed." if self.passed else f"failed:\n{self.output or '(no output)'}"


@dataclass
class Acceptance:
    sandbox: SandboxBackend
    permission: PermissionPolicy
    approver: Approver
    root: Path
    masking: Masking = field(default_factory=Masking)
    _count: int = field(default=0, init=False)

    async def checked(self, command: str) -> Checked:
        """Run one check. Never raises what a command can cause."""
        try:
            await self._permit(command)
            result = await self.sandbox.run(
                Command(argv=("bash" if which("bash") else "sh", "-c", command), cwd=self.root),
                self.sandbox.policy,
                Limits(wall_seconds=CHECK_SECONDS, kept_chars=OUTPUT_CHARS, masking=self.masking),
            )
        except PermissionDenied as error:
            return Checked(command=command, passed=False, refused=str(error))
        except ToolError as error:
            return Checked(command=command, passed=False, output=str(error))
        return Checked(command=command, passed=result.exit_code == 0, output=_ending(result))

    async def _permit(self, command: str) -> None:
        self._count += 1
        arguments = {"command": command}
        call = ToolCall(id=f"check-{self._count}", name=TOOL, arguments=json.dumps(arguments))
        question = await self.permission.check(call, Effect.EXECUTE, arguments)
        if question is None:
            return
        approval = await self.approver.approve(call, question)
        if not approval.allowed:
            raise PermissionDenied("the person said no.")
        await self.permission.remember(call, arguments, approval)


def _ending(result: CommandResult) -> str:
    parts = [f"{result.head}[...]\n{result.tail}" if result.dropped_chars else f"{result.head}{result.tail}"]
    if result.timed_out:
        parts.append(f"It was stopped after {CHECK_SECONDS} s.")
    elif result.exit_code:
        parts.append(f"exit code {result.exit_code}")
    return "\n".join(part.strip() for part in parts if part.strip())
