"""The chat: read a line, run a turn, until the person leaves."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from core.policies import Approver
from core.protocols import ModelSwitch, Reader
from core.tools import Asker
from core.values import value
from core.visible import visible
from flow.sessions import Session
from servr.markdown.wrapping import wrapped_lines
from servr.spans import Line, Style
from servr.terminal.helping import unknown
from servr.terminal.lines import EditedLines, Interrupted, PipedLines
from servr.terminal.notice import Notice, asking, noticed
from servr.terminal.people import TerminalApprover, TerminalAsker
from servr.terminal.reader import TerminalReader
from servr.terminal.screen import Screen, can_redraw, prompt_lines
from servr.terminal.table import COMMANDS
from servr.terminal.talk import LEAVE, NO_COMMANDS, Attached, Chat, Next, OwnCommands
from servr.terminal.terminal import Terminal
from servr.terminal.typing_ahead import TypingAhead
from servr.terminal.waiting import Waiting
from servr.themes import Wish, theme_for

if TYPE_CHECKING:
    from flow.undo import Undo
    from servr.terminal.completing import PathsOf
    from servr.terminal.history import PromptTexts


SCREEN_PATIENCE_SECONDS = 300.0
"""A reply of megabytes in one piece takes its time to be drawn: no reason to show nothing more."""
LEAVES = ("Nothing runs any more; Ctrl-C twice leaves.", "Ctrl-C once more leaves.")
"""Told by how often Ctrl-C was pressed at the prompt, and not for what it had just ended."""
Attaches = Callable[[str], Awaitable[Attached]]
"""What goes with a text."""


async def _nothing(text: str) -> Attached:
    return Attached()


@value
class ChatHeader:
    """What a person should know before the first word."""

    model: str
    endpoint: str
    workspace: str
    permission: str
    sandbox: str
    notices: tuple[str, ...] = ()


@value
class Habits:
    """How a person likes to type, and to be told."""

    vi: bool = False
    theme: Wish = "auto"
    notice: Notice = "bell"
    """When a long turn ends and the window is not in front."""
    history: "PromptTexts | None" = None
    """What was typed in earlier chats."""


NO_HABITS = Habits()


@value
class ChatPeople:
    """The person at this terminal, for whoever builds the session."""

    approver: Approver
    asker: Asker
    terminal: Terminal
    notice: Notice = "none"

    @asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """Meanwhile they can type."""
        if self.terminal.panel is None or self.terminal.looks is None:
            yield
            return
        async with self.terminal.panel.shown(), self.terminal.looks.following(self.terminal.panel):
            with _ended_by_signals(self.terminal.panel.close):
                yield

    @contextmanager
    def noticed(self) -> Iterator[None]:
        """They are told when it has ended, if it takes long and they look elsewhere."""
        panel = self.terminal.panel
        if panel is None:
            yield
            return
        with noticed(self.notice, panel.tell_terminal, in_front=lambda: panel.in_front):
            yield


@contextmanager
def _ended_by_signals(close: Callable[[], None]) -> Iterator[None]:
    """Meanwhile a signal to end leaves the terminal as it was found."""
    if os.name != "posix":
        yield
        return
    loop, numbers = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, close)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def chat_people(habits: Habits = NO_HABITS) -> ChatPeople:
    """Whoever sits at standard input and output."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 must not end the chat
    screen = Screen(sys.stdout, theme_for(habits.theme, os.environ, terminal=sys.stdout.isatty()))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return people_at(Terminal(screen, PipedLines(sys.stdin.readline)))
    if not can_redraw(sys.stdout):
        return people_at(Terminal(screen, EditedLines()))
    from servr.terminal.opening import panel_terminal  # a pipe needs no editor

    return people_at(panel_terminal(habits.theme, vi=habits.vi, history=habits.history), habits.notice)


def people_at(terminal: Terminal, notice: Notice = "none") -> ChatPeople:
    if panel := terminal.panel:
        terminal.noticed = partial(asking, notice, panel.tell_terminal, in_front=lambda: panel.in_front)
    return ChatPeople(
        approver=TerminalApprover(terminal), asker=TerminalAsker(terminal), terminal=terminal, notice=notice
    )


async def chat(
    session: Session,
    header: ChatHeader,
    people: ChatPeople,
    models: ModelSwitch,
    undo: "Callable[[], Undo]",
    *,
    own: OwnCommands = NO_COMMANDS,
    paths: "PathsOf | None" = None,
    attached: Attaches = _nothing,
) -> Next:
    """Talk until the person leaves, or goes on in another session."""
    terminal = people.terminal
    terminal.settle = session.drained
    terminal.screen.masked = session.masked.masking.masked
    rows = tuple(sorted((*COMMANDS, *own.rows), key=lambda row: row.name))
    talk = Chat(
        session, terminal, models, undo, Waiting(), Path(header.workspace), rows, own, header.permission
    )
    ahead = TypingAhead(talk)
    session.subscribe(_reader(talk, ahead, paths), patience_seconds=SCREEN_PATIENCE_SECONDS)
    models.warm_up()
    _show_header(terminal, header)
    with terminal.catching_interrupts():
        while (text := await _next_prompt(talk)) is not None:
            with talk.stoppable():  # the session has told it
                async with ahead.heard():
                    with people.noticed():
                        await terminal.interruptible(_turn(talk, text, attached))
            talk.typed += ahead.rest()
    return talk.next or LEAVE


def _reader(chat: Chat, ahead: TypingAhead, paths: "PathsOf | None") -> Reader:
    """Whoever shows the session; a panel is told of it too."""
    if chat.terminal.panel is None:
        return TerminalReader(chat.terminal.screen, chat.waiting)
    from servr.terminal.opening import completer_for, reader_at

    chat.terminal.panel.buffer.completer = completer_for(chat, paths)
    return reader_at(chat.terminal.panel, chat, ahead)


async def _turn(chat: Chat, text: str, attached: Attaches) -> None:
    found = await attached(text)
    chat.terminal.screen.show(Line(visible(sentence), Style.DIM) for sentence in found.told)
    await chat.session.send(text, found.images)


async def _next_prompt(chat: Chat) -> str | None:
    """What the model is to be told next, or None when the person leaves this session."""
    interrupts, said = 0, ""
    while chat.next is None:
        try:
            text = await _line(chat)
        except Interrupted:
            interrupts += not chat.stops_still()
            if interrupts == len(LEAVES):
                return None
            if said != LEAVES[interrupts]:
                said = LEAVES[interrupts]
                chat.terminal.screen.show([Line(said, Style.DIM)])
            continue
        except EOFError:
            return None
        interrupts, said = 0, ""
        if text and not await _carried_out(chat, text):
            return text
    return None


async def _line(chat: Chat) -> str:
    if chat.typed:
        text = chat.typed.pop(0)
    else:
        text = (await chat.terminal.interruptible(chat.terminal.lines.read("> "))).strip()
    if chat.terminal.panel and text:
        chat.terminal.screen.show(prompt_lines(text))
    return text


async def _carried_out(chat: Chat, text: str) -> bool:
    """Whether it was a command, and not for the model."""
    if chat.is_own_command(text):
        from servr.terminal.own_command import run_own

        with chat.stoppable():
            await chat.terminal.interruptible(run_own(chat, text))
        return True
    found = chat.command(text)
    if found is None:
        return False
    row, name, wanted = found
    with chat.stoppable():
        lines = [unknown(chat.commands, name)]
        if row:
            lines = [*await chat.terminal.interruptible(chat.carry_out(row, wanted))]
        await chat.terminal.settle()
        chat.terminal.screen.show(lines)
    return True


def _show_header(terminal: Terminal, header: ChatHeader) -> None:
    endpoint = f" at {header.endpoint}" if header.endpoint else ""
    texts = [
        f"roost · {header.model}{endpoint}",
        f"{header.workspace} · permission {header.permission} · sandbox {header.sandbox}",
        *header.notices,
        "/help shows what you can type; Ctrl-C ends a turn; exit leaves.",
    ]
    lines = [Line(visible(text), Style.DIM if place else Style.STRONG) for place, text in enumerate(texts)]
    terminal.screen.show(wrapped_lines(lines, terminal.columns))
    terminal.screen.write("\n")
