"""`/copy`: the newest reply, or a block of code in it, into the clipboard."""

import asyncio
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence

from core.messages import AssistantMessage, Message
from servr.spans import Line
from servr.terminal.talk import Chat

BLOCK = re.compile(r"^([ \t]*)(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t]*\2[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
TOOLS = (
    ("pbcopy",),
    ("wl-copy",),
    ("xclip", "-selection", "clipboard"),
    ("xsel", "--clipboard", "--input"),
    ("clip.exe",),
)
NEEDS = {"wl-copy": "WAYLAND_DISPLAY", "xclip": "DISPLAY", "xsel": "DISPLAY"}
MOST_SEQUENCE_CHARS = 74_000
"""Terminals take no more at once, written in base64."""
PATIENCE_SECONDS = 3.0


async def copy(chat: Chat, wanted: str) -> Iterable[Line]:
    text = wanted_text(chat.session.conversation.messages, wanted)
    if text is None:
        return [Line("/copy takes the newest reply; /copy code its last block of code; /copy 2 its second.")]
    if not text:
        return [Line("There is nothing to copy: no reply, or no such block of code in it.")]
    said = f"{len(text):,} characters"
    if await _by_tool(text):
        return [Line(f"Copied {said}.")]
    if chat.terminal.panel is None:
        return [Line("There is no clipboard here: no tool for one, and no terminal.")]
    sequence = b64encode(text.encode("utf-8", "replace")).decode()
    if len(sequence) > MOST_SEQUENCE_CHARS:
        return [Line(f"{said} are too many for a terminal: /export writes them to a file.")]
    chat.terminal.panel.tell_terminal(f"\x1b]52;c;{sequence}\x07")
    return [Line(f"Given to the terminal's clipboard: {said}.")]


def wanted_text(messages: Sequence[Message], wanted: str) -> str | None:
    """Empty when there is no such text, None when the wish is not understood."""
    replies = (message.text for message in reversed(messages) if isinstance(message, AssistantMessage))
    reply = next((text for text in replies if text.strip()), "")
    blocks = [found[3] for found in BLOCK.finditer(reply)]
    if not wanted:
        return reply.strip()
    if wanted == "code":
        return blocks[-1] if blocks else ""
    if wanted.isdecimal():
        return blocks[int(wanted) - 1] if 0 < int(wanted) <= len(blocks) else ""
    return None


def clipboard_tool(environment: Mapping[str, str] = os.environ) -> Sequence[str]:
    """A program that takes a text into the clipboard of this screen; empty when there is none."""
    if environment.get("SSH_CONNECTION"):
        return ()
    for tool in TOOLS:
        needed = NEEDS.get(tool[0])
        if (needed is None or environment.get(needed)) and shutil.which(tool[0]):
            return tool
    return ()


async def _by_tool(text: str) -> bool:
    if not (tool := clipboard_tool()):
        return False
    process = await asyncio.create_subprocess_exec(*tool, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    try:
        await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), PATIENCE_SECONDS)
    except (TimeoutError, OSError):
        process.kill()
        return False
    return process.returncode == 0
