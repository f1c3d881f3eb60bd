"""`/help` and `/quit`: what a person can type, from the tables of commands."""

from collections.abc import Iterable, Iterator, Sequence
from shutil import get_terminal_size

from core.commands import CommandRow, help_lines
from servr.spans import Line, Style
from servr.terminal.command import ChatCommand, command_named, nearest
from servr.terminal.talk import LEAVE, Chat

KEYS = (
    CommandRow("Ctrl-C", "ends the turn that runs; at the prompt drops the line; twice, leaves"),
    CommandRow("Asked for a yes", "y once · s in this session · a always · n no, or n and why"),
)


async def show_help(chat: Chat, wanted: str) -> Iterable[Line]:
    if wanted:
        name = wanted.removeprefix("/")
        row = command_named(chat.commands, name)
        return [Line(f"{row.usage}  {row.purpose}")] if row else [unknown(chat.commands, name)]
    return _lines(chat.commands)


async def leave(chat: Chat, wanted: str) -> Iterable[Line]:
    chat.next = LEAVE
    return ()


def unknown(commands: Sequence[ChatCommand], name: str) -> Line:
    meant = " or ".join(f"/{each}" for each in nearest(commands, name))
    return Line(
        f"There is no command {f'/{name}'!r}. {f'Did you mean {meant}?' if meant else '/help lists them.'}"
    )


def _lines(commands: Sequence[ChatCommand]) -> Iterator[Line]:
    yield Line("Write what you want done, and press Enter.", Style.STRONG)
    rows = [*(command.row for command in commands), *KEYS]
    yield from (Line(text) for text in help_lines(rows, width=get_terminal_size().columns))
