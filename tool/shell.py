"""`shell`: runs a command in the workspace and shows the model what matters of its output."""

import signal
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from pydantic import BaseModel, Field

from core.errors import ToolError
from core.messages import ToolStatus
from core.permissions import Effect
from core.sandbox import Command, CommandResult, Limits
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import CommandOutput
from tool.output_text import shown, without_controls

LONGEST_SECONDS = 600
REPORT_FOLDER = "trap 'pwd -P 2>/dev/null >&$ROOST_REPORT_FD' EXIT; "
"""On the command's own first line, so that the line numbers of its errors are right."""


class ShellArgs(BaseModel):
    """Run a shell command. `cd` lasts for later calls; background processes end with the command."""

    command: str = Field(min_length=1)
    timeout_seconds: int = Field(default=120, ge=1, le=LONGEST_SECONDS)


@dataclass
class Shell:
    services: ToolServices
    name = "shell"
    args = ShellArgs
    effect = Effect.EXECUTE
    _folder: Path | None = field(default=None, init=False)
    """Where the last command left off; None for the workspace's root."""

    async def run(self, args: ShellArgs, context: ToolContext) -> ToolResult:
        if (place := args.command.find("\0")) >= 0:
            raise ToolError(f"The command has a NUL character at {place}.", hint="printf '\\0' writes one.")
        notes = self._return_if_gone()
        root = self.services.workspace.real_root
        result = await self.services.sandbox.run(
            Command(
                argv=("bash" if which("bash") else "sh", "-c", REPORT_FOLDER + args.command),
                cwd=self._folder or root,
                report=True,
            ),
            self.services.sandbox.policy,
            Limits(
                wall_seconds=args.timeout_seconds,
                kept_chars=self.services.profile.output_chars,
                spill_to=self.services.artifacts,
                masking=self.services.masking,
            ),
            progress=lambda text: context.progress(without_controls(text)),
        )
        notes += self._follow(result.report.removesuffix("\n")) + self._endings(result, args)
        return await self._answer(args, result, "\n".join(notes))

    async def _answer(self, args: ShellArgs, result: CommandResult, notes: str) -> ToolResult:
        room = self.services.profile.output_chars - len(notes) - 1
        output = (await shown(result, room)).replace(REPORT_FOLDER, "")
        view = CommandOutput(
            command=args.command,
            output=output,
            exit_code=result.exit_code,
            seconds=result.seconds,
            full_output=self._name_of(result.spilled) if result.spilled else "",
        )
        status = ToolStatus.FAILED if result.timed_out else ToolStatus.OK
        return ToolResult("\n".join(filter(None, (output or "(no output)", notes))), view, status)

    def _return_if_gone(self) -> list[str]:
        if self._folder is None or self._folder.is_dir():
            return []
        gone, self._folder = self._folder, None
        return [f"({self._name_of(gone)} is gone: this ran at the workspace's root.)"]

    def _follow(self, folder: str) -> list[str]:
        """Start the next call where this one ended, if that is inside."""
        root = self.services.workspace.real_root
        before = self._folder or root
        after = Path(folder or before)
        if not after.is_relative_to(root):
            self._folder = None
            return [f"({folder} is outside the workspace: the next call starts at its root again.)"]
        self._folder = None if after == root else after
        return [] if after == before else [f"(now in {self._name_of(after)})"]

    def _endings(self, result: CommandResult, args: ShellArgs) -> list[str]:
        """What is to be said after the output, the exit code last."""
        notes = [f"(full output: {self._name_of(result.spilled)})"] if result.spilled else []
        if result.note:
            notes.append(f"({result.note})")
        if result.timed_out:
            seconds = f"Stopped after {args.timeout_seconds} s, with all it had started."
            more = "Raise timeout_seconds, or run it in parts."
            return [
                *notes,
                f"{seconds} {more if args.timeout_seconds < LONGEST_SECONDS else 'Run it in parts.'}",
            ]
        if count := result.ended_processes:
            notes.append(f"({count} process{'es' if count > 1 else ''} still ran at its end: ended.)")
        if result.exit_code:
            notes.append(_exit_line(result.exit_code))
        return notes

    def _name_of(self, path: Path) -> str:
        return self.services.workspace.name_of(path.resolve())


def _exit_line(exit_code: int) -> str:
    if exit_code > 0:
        return f"exit code {exit_code}"
    return f"ended by signal {-exit_code} ({signal.strsignal(-exit_code)})"
