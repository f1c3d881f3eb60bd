"""`!command` and `!!command`: the person's own command, run as they would run it.

It is the person who runs it: no sandbox and no permission stand between. What it says is shown as it comes.
"""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.marking import marked
from core.text import clip
from core.visible import visible
from flow.prompts import prompt
from servr.spans import Line, Style
from servr.terminal.screen import Screen
from servr.terminal.talk import Chat

MOST_TOLD_CHARS = 8_000
MOST_KEPT_CHARS = 200_000
PIECE = 65_536


async def run_own(chat: Chat, text: str) -> None:
    """`text` begins with one exclamation mark, or with two where the model is to be told nothing."""
    command = text.lstrip("!").strip()
    note = await OwnCommand(command, chat.folder, chat.terminal.screen).run()
    if not text.startswith("!!"):
        chat.session.own_commands.append(note)


@dataclass
class OwnCommand:
    command: str
    folder: Path
    screen: Screen
    _said: str = ""
    """Its end, if there was much."""
    _open: str = ""
    """A line that has not ended."""

    async def run(self) -> str:
        """What the model may be told of it. Cancelling ends the command and all it started."""
        try:
            code = await self._exit_code(await self._started())
        except asyncio.CancelledError:
            self.screen.show([Line("  stopped", Style.BAD)])
            raise
        self.screen.show([Line(f"  exit code {code}", Style.DIM if code == 0 else Style.BAD)])
        output = clip(self._said, MOST_TOLD_CHARS)
        return prompt("person_ran", command=self.command, output=marked(output), code=str(code))

    async def _exit_code(self, process: Process) -> int:
        try:
            await self._follow(process)
            return await process.wait()
        finally:
            _end(process)

    async def _started(self) -> Process:
        """Who is cancelled meanwhile ends it with all it started: asyncio would only end the shell."""
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_shell(
                self.command,
                cwd=self.folder,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                start_new_session=True,
            )
        )
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            process = await starting
            _end(process)
            await process.wait()
            raise

    async def _follow(self, process: Process) -> None:
        from codecs import getincrementaldecoder

        decoder = getincrementaldecoder("utf-8")("replace")
        assert process.stdout is not None
        while piece := await process.stdout.read(PIECE):
            self._show(decoder.decode(piece))
        self._show(decoder.decode(b"", final=True) + ("\n" if self._open else ""))

    def _show(self, text: str) -> None:
        self._said = (self._said + text)[-MOST_KEPT_CHARS:]
        *lines, self._open = (self._open + text).split("\n")
        self.screen.show(Line(f"  {visible(line.rstrip())}".expandtabs()) for line in lines)


def _end(process: Process) -> None:
    """Nothing of it goes on, whatever it has started in its group."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.returncode is None:
        process.kill()
    process._transport.close()  # type: ignore[attr-defined]  # or the pipe stays open until it is collected
