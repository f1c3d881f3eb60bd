"""A terminal with a panel, made from standard input and output; and a session shown at it."""

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import TextIO

from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input, create_input

from servr.markdown.code import giving_way
from servr.markdown.stream import MarkdownStream, load_drawing
from servr.terminal.answers import Answers
from servr.terminal.application import terminal_output
from servr.terminal.completing import ChatCompleter, PathsOf, no_paths
from servr.terminal.history import KeptHistory, PromptTexts
from servr.terminal.live import Above, LiveReader, PanelLines
from servr.terminal.looks import Looks
from servr.terminal.panel import Panel
from servr.terminal.screen import Screen
from servr.terminal.talk import Chat
from servr.terminal.terminal import Terminal
from servr.terminal.typing_ahead import TypingAhead
from servr.terminal.waiting import Waiting
from servr.themes import Wish, theme_for

CHECKING = ("pydantic.main", "pydantic.fields")
"""What the arguments of a call are checked with."""
QUIET_SECONDS = 0.2
"""After this the first prompt is on the screen."""


def panel_terminal(wish: Wish, *, vi: bool, history: PromptTexts | None) -> Terminal:
    theme, answers = theme_for(wish, os.environ, terminal=True), Answers()
    kept = KeptHistory(history) if history else None
    panel = Panel(
        terminal_output(sys.stdout, os.environ.get("TERM")),
        terminal_input(sys.stdin, answers),
        history=kept or InMemoryHistory(),
        vi=vi,
        colour=theme.name not in ("plain", "none"),
    )
    screen = Screen(Above(panel), theme)
    panel.styled = screen.painted
    if kept:
        kept.whole = panel.chips.expanded
    terminal = Terminal(screen, PanelLines(panel, screen), panel, Looks(screen, wish, answers))
    panel.interrupt = terminal.interrupt
    return terminal


def terminal_input(keys: TextIO, answers: Answers) -> Input:
    if sys.platform == "win32":
        return create_input(keys)
    from servr.terminal.answered_input import AnsweredInput

    return AnsweredInput(keys, answers)


def reader_at(panel: Panel, chat: Chat, ahead: TypingAhead) -> LiveReader:
    """Shows the session of `chat`, and lets the panel tell of it."""
    reader = live_reader(panel, chat, chat.waiting)

    def status() -> str:
        costs = chat.waiting.status(chat.models.window_tokens)
        place = chat.models.place.partition("://")[2] or chat.models.place
        return " · ".join(filter(None, (chat.models.model, place, costs, chat.permission)))

    asyncio.get_running_loop().call_later(QUIET_SECONDS, warm_up)
    panel.status = status
    panel.queued, panel.recall = ahead.queued, ahead.recall
    tell(panel, reader)
    return reader


def live_reader(panel: Panel, chat: Chat, waiting: Waiting) -> LiveReader:
    """Shows a session at the terminal of `chat`."""
    screen = chat.terminal.screen

    def reply() -> MarkdownStream:
        return MarkdownStream(panel.columns, marks=not screen.theme.shows_styles)

    return LiveReader(screen, panel, reply, waiting, chat.folds)


def warm_up() -> None:
    """Load what the first reply and the first call need; nobody waits for it, not even one who leaves."""
    threading.Thread(target=be_ready, name="drawing", daemon=True).start()


def be_ready() -> None:
    """What is there by now stays: no search for garbage looks at it, which took longer than a key should."""
    with giving_way():
        load_drawing()
        for name in CHECKING:
            import_module(name)
    gc.freeze()


def tell(panel: Panel, reader: LiveReader) -> None:
    """Let the panel tell of the session that `reader` shows."""
    panel.live, panel.refresh = reader.waiting.line, reader.refresh
    panel.open_thinking = reader.show_thinking


def completer_for(chat: Chat, paths: PathsOf | None) -> ChatCompleter:
    async def models() -> Sequence[str]:
        return [model.name for facts in await chat.models.servers() for model in facts.models if model.talks]

    return ChatCompleter(chat.commands, paths or no_paths, models)
