"""What a person types, line by line: edited in a terminal, as it is from a pipe."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession


class Interrupted(Exception):
    """The person pressed Ctrl-C."""


class Lines(Protocol):
    async def read(self, prompt: str) -> str:
        """The next line, without its end.

        Raises:
            EOFError: there is none: Ctrl-D, or the end of the pipe.
            Interrupted: Ctrl-C.
        """
        ...

    async def answer(self, prompt: str) -> str:
        """The next line, as the answer to a question that is asked while something runs. Raises as `read`."""
        ...

    async def ahead(self) -> str:
        """A line that is typed while something runs and nobody asks; waits for ever where that cannot be."""
        ...


async def _never() -> str:
    never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return await never


@dataclass
class EditedLines:
    """A line editor, for a terminal on which nothing can be drawn twice."""

    _session: "PromptSession[str] | None" = None

    async def read(self, prompt: str) -> str:
        from prompt_toolkit import PromptSession

        self._session = self._session or PromptSession(reserve_space_for_menu=0)
        try:
            return await self._session.prompt_async(prompt, handle_sigint=False)  # the chat has a handler
        except KeyboardInterrupt:
            raise Interrupted from None

    async def answer(self, prompt: str) -> str:
        return await self.read(prompt)

    async def ahead(self) -> str:
        return await _never()


@dataclass
class PipedLines:
    """Lines from a file or a pipe. They are read ahead, in a thread that does not keep the program alive."""

    readline: Callable[[], str]
    _lines: "asyncio.Queue[str] | None" = field(default=None)
    _ended: bool = False

    async def read(self, prompt: str) -> str:
        if self._lines is None:
            self._lines = asyncio.Queue()
            threading.Thread(
                target=self._follow, args=(asyncio.get_running_loop(), self._lines), daemon=True
            ).start()
        line = "" if self._ended else await self._lines.get()
        if not line:
            self._ended = True
            raise EOFError
        return line.rstrip("\r\n")

    async def answer(self, prompt: str) -> str:
        return await self.read(prompt)

    async def ahead(self) -> str:
        return await _never()

    def _follow(self, loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[str]") -> None:
        line = "first"
        with suppress(RuntimeError):  # the loop has ended, and nobody reads on
            while line:
                line = self.readline()
                loop.call_soon_threadsafe(lines.put_nowait, line)
