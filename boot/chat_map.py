"""`/map`: a map of the project, for the person and at the tail of what the model reads."""

import asyncio
from collections.abc import Iterable

from boot.chat_commands import OpenChat
from core.marking import marked
from core.visible import visible
from flow.prompts import prompt
from servr.spans import Line, Style


async def show_map(chat: OpenChat, wanted: str) -> Iterable[Line]:
    """`wanted`: what it begins at, in words; all of it counts alike without."""
    from tool.find_code import FindCode

    loop = asyncio.get_running_loop()

    def progress(text: str) -> None:
        loop.call_soon_threadsafe(chat.terminal.screen.show, [Line(f"  {text.rstrip()}", Style.DIM)])

    drawn = await FindCode(chat.opened.services).map(wanted, ".", progress)
    chat.opened.session.own_commands.append(prompt("map", map=marked(drawn.text)))
    lines = [Line(visible(f"  {line}")) for line in drawn.text.splitlines()]
    return [*lines, Line("  The model reads this map before its next step.", Style.DIM)]
