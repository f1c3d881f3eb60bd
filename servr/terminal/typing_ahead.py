"""What a person types while a turn runs: it steers the next step, or is done when the turn has ended."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from servr.terminal.helping import unknown
from servr.terminal.lines import Interrupted
from servr.terminal.screen import prompt_lines
from servr.terminal.talk import Chat


@dataclass
class TypingAhead:
    chat: Chat
    later: list[str] = field(default_factory=list)
    """Commands that wait for the end of the turn."""
    _own: "set[asyncio.Task[None]]" = field(default_factory=set)
    """Commands of the person's own that run beside it."""

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Commands of the person's own that have not ended with the turn are waited for."""
        listening = asyncio.create_task(self._listen())
        try:
            yield
            while self._own:
                if self.chat.terminal.interrupted:
                    raise Interrupted
                await self.chat.terminal.interruptible(asyncio.wait([*self._own]))
        finally:
            for command in self._own:
                command.cancel()
            listening.cancel()
            with suppress(asyncio.CancelledError, EOFError):
                await listening

    def queued(self) -> Sequence[str]:
        return [*self.chat.session.inbox, *self.later]

    def recall(self) -> str:
        """The newest of it, taken back; empty when there is none."""
        for queue in (self.later, self.chat.session.inbox):
            if queue:
                return queue.pop()
        return ""

    def rest(self) -> Sequence[str]:
        """What the model has not read, as one prompt, then what waited; from now on it waits no more."""
        unread, later = self.chat.session.unread(), [*self.later]
        self.later.clear()
        return [*(["\n\n".join(unread)] if unread else ()), *later]

    async def _listen(self) -> None:
        while True:
            await self._take((await self.chat.terminal.lines.ahead()).strip())

    def _run(self, text: str) -> None:
        """At once, and beside the turn: nobody waits for it but the person."""
        from servr.terminal.own_command import run_own

        self.chat.terminal.screen.show(prompt_lines(text))
        command = asyncio.create_task(run_own(self.chat, text))
        self._own.add(command)
        command.add_done_callback(self._own.discard)

    async def _take(self, text: str) -> None:
        found = self.chat.command(text)
        if self.chat.is_own_command(text):
            self._run(text)
            return
        if found is None:
            self.chat.session.steer(text)
            return
        row, name, wanted = found
        if row is None:
            self.chat.terminal.screen.show([unknown(self.chat.commands, name)])
        elif row.anytime:
            self.chat.terminal.screen.show(prompt_lines(text))
            self.chat.terminal.screen.show(await self.chat.carry_out(row, wanted))
        else:
            self.later.append(text)
