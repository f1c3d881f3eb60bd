"""`/tools`, `/settings` and `/doctor`: how this session is set up, and what is missing."""

import asyncio
from collections.abc import Iterable
from shutil import get_terminal_size

from boot.chat_commands import OpenChat
from core.visible import visible
from servr.cells import clipped
from servr.spans import Line, Style

STYLES = {"ok": Style.PLAIN, "note": Style.STRONG, "problem": Style.BAD}


async def tools(chat: OpenChat, wanted: str) -> Iterable[Line]:
    """Those that the model was told of, each with the first line of what it was told."""
    told = chat.opened.session.loop.tools
    width = max((len(tool.name) for tool in told), default=0)
    rows = (f"  {tool.name:<{width}}  {tool.description.partition(chr(10))[0]}" for tool in told)
    return [Line(clipped(visible(row), get_terminal_size().columns - 1)) for row in rows]


async def settings(chat: OpenChat, wanted: str) -> Iterable[Line]:
    from boot.commands.settings import setting_rows

    rows = [row for row in setting_rows(chat.loaded) if wanted.lower() in row[0].lower()]
    names = max((len(name) for name, _, _ in rows), default=0)
    return [
        Line(visible(f"  {name:<{names}}  {current}  {origin}".rstrip())) for name, current, origin in rows
    ]


async def doctor(chat: OpenChat, wanted: str) -> Iterable[Line]:
    """Each finding as soon as there is one."""
    from boot.commands.doctor import findings

    found = findings(chat.loaded, ask_model=wanted != "offline")
    while finding := await asyncio.to_thread(next, found, None):
        chat.terminal.screen.show(
            [
                Line(visible(f"{finding.state:<8} {finding.subject}: {finding.text}"), STYLES[finding.state]),
                *([Line(visible(f"         → {finding.mend}"))] if finding.mend else []),
            ]
        )
    return []
