"""The chat: read a line, run a turn, until the person leaves."""

import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from core.errors import AgentError
from core.policies import Approver
from core.protocols import ModelRequest, ModelSwitch
from core.tools import Asker
from core.values import value
from core.visible import visible
from flow.sessions import Session
from flow.window_use import window_use
from servr.drawing import Line, Style
from servr.terminal.context import context_lines
from servr.terminal.lines import EditedLines, Interrupted, PipedLines
from servr.terminal.people import TerminalApprover, TerminalAsker
from servr.terminal.reader import TerminalReader
from servr.terminal.screen import Screen, can_redraw, wants_colour
from servr.terminal.terminal import Terminal

if TYPE_CHECKING:
    from flow.undo import Undo

Answer = Callable[[str], Awaitable[Iterable[Line]]]

COMMAND = re.compile(r"/\w*|/(?:model|undo|diff|rewind)\s.*")
OF_FILES = ("/undo", "/redo", "/diff", "/rewind")
LEAVING = ("quit", "exit", "/quit", "/exit")
HELP = """\
Write what you want done, and press Enter.
  /help       show this
  /context    show what fills the window, and what the server keeps of it
  /model      show which models there are; /model NAME goes on with another,
              /model back with the one before
  /diff       show what changed in all; /diff STEP in one step
  /undo       take back what the last turn did to files; /undo STEP what came
              after that step; /redo brings it back
  /rewind     list the steps; /rewind STEP goes back there, files and
              conversation
  exit, quit  leave; so does Ctrl-D
  Ctrl-C      end the turn that runs; at the prompt drop the line; twice, leave
Asked for a yes:  y once · s in this session · a always · n no, or n and why"""


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
class ChatPeople:
    """The person at this terminal, for whoever builds the session."""

    approver: Approver
    asker: Asker
    terminal: Terminal


def chat_people() -> ChatPeople:
    """Whoever sits at standard input and output."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 must not end the chat
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    lines = EditedLines() if is_terminal else PipedLines(sys.stdin.readline)
    screen = Screen(
        sys.stdout, colour=wants_colour(sys.stdout), redraws=is_terminal and can_redraw(sys.stdout)
    )
    terminal = Terminal(screen, lines)
    return people_at(terminal)


def people_at(terminal: Terminal) -> ChatPeople:
    return ChatPeople(approver=TerminalApprover(terminal), asker=TerminalAsker(terminal), terminal=terminal)


async def chat(
    session: Session,
    header: ChatHeader,
    people: ChatPeople,
    models: ModelSwitch,
    undo: "Callable[[], Undo]",
) -> int:
    """Talk until the person leaves; answers the exit code."""
    terminal = people.terminal
    terminal.settle = session.drained
    terminal.screen.masked = session.masked.masking.masked
    reader = TerminalReader(terminal.screen, window=lambda: models.window_tokens)
    session.subscribe(reader)

    async def context() -> Iterable[str]:
        messages = session.conversation.messages
        prompt = ModelRequest(system=session.loop.system, messages=tuple(messages), tools=session.loop.tools)
        use = window_use(
            prompt,
            messages,
            window_tokens=models.window_tokens,
            thinking=models.thinking,
            counted=await models.count(prompt),
        )
        return context_lines(use, reader.waiting, messages)

    async def answer(text: str) -> Iterable[Line]:
        command, _, wanted = text.partition(" ")
        if command in OF_FILES:
            from servr.terminal.undoing import UndoCommands  # few sessions need it

            return await UndoCommands(undo(), terminal).answer(command, wanted.strip())
        shown = await _answer(command, wanted.strip(), models, context)
        return [Line(visible(line)) for line in shown]

    models.warm_up()
    _show_header(terminal, header)
    with terminal.catching_interrupts():
        while (text := await _next_prompt(terminal, answer)) is not None:
            try:
                async with reader.live():
                    await terminal.interruptible(session.send(text))
            except Interrupted:
                continue  # the session has told it
    return 0


async def _next_prompt(terminal: Terminal, answer: Answer) -> str | None:
    """What the model is to be told next, or None when the person leaves."""
    interrupts = 0
    while interrupts < 2:
        try:
            text = (await terminal.interruptible(terminal.lines.read("> "))).strip()
        except Interrupted:
            interrupts += 1
            if interrupts < 2:
                terminal.screen.show([Line("Ctrl-C once more leaves.", Style.DIM)])
            continue
        except EOFError:
            return None
        interrupts = 0
        if text in LEAVING:
            return None
        if not COMMAND.fullmatch(text):
            if text:
                return text
            continue
        with suppress(Interrupted):
            lines = await terminal.interruptible(answer(text))
            await terminal.settle()
            terminal.screen.show(lines)
    return None


async def _answer(
    command: str, wanted: str, models: ModelSwitch, context: Callable[[], Awaitable[Iterable[str]]]
) -> Iterable[str]:
    """What a command shows, in lines."""
    match command:
        case "/help":
            return HELP.splitlines()
        case "/context":
            return await context()
        case "/model":
            return await _about_models(wanted, models)
        case _:
            return [f"There is no command {command!r}.", *HELP.splitlines()]


async def _about_models(wanted: str, models: ModelSwitch) -> Sequence[str]:
    try:
        if wanted:
            sentences = await models.switch(wanted)
            models.warm_up()
            return sentences
        from servr.model_table import model_list

        return [
            *model_list(await models.servers(), (models.model, models.place), get_terminal_size().columns),
            f"In use: {models.model}. /model NAME goes on with another.",
        ]
    except AgentError as error:
        return [str(error)]


def _show_header(terminal: Terminal, header: ChatHeader) -> None:
    endpoint = f" at {header.endpoint}" if header.endpoint else ""
    texts = [
        f"roost · {header.model}{endpoint}",
        f"{header.workspace} · permission {header.permission} · sandbox {header.sandbox}",
        *header.notices,
        "/help shows what you can type; Ctrl-C ends a turn; exit leaves.",
    ]
    terminal.screen.show(
        Line(visible(text), Style.DIM if place else Style.STRONG) for place, text in enumerate(texts)
    )
    terminal.screen.write("\n")
