"""Commands of the chat that need more than a session has: stores, settings, the sessions of before.

To add one, add a row here, and in a module of its own
`async def name(chat: OpenChat, wanted: str) -> Iterable[Line]`; `python -m boot.commands_page` writes
its line in docs/commands.md.
"""

from boot.layers import Loaded
from boot.wiring import Opened
from core.commands import table_lines
from core.values import value
from servr.terminal.command import ChatCommand
from servr.terminal.terminal import Terminal


@value
class OpenChat:
    """What the functions of these commands are given."""

    opened: Opened
    loaded: Loaded
    terminal: Terminal


COMMANDS: tuple[ChatCommand, ...] = ()


def rows_of_page() -> list[str]:
    """The table of docs/commands.md."""
    from servr.terminal.table import COMMANDS as ALWAYS_THERE

    rows = sorted((*ALWAYS_THERE, *COMMANDS), key=lambda row: row.name)
    return [*table_lines([row.row for row in rows], heading="what you type")]
