"""What is shown otherwise for a while in a chat: another session, and replies that are no words."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.protocols import Reader
from servr.terminal.reader import TerminalReader
from servr.terminal.talk import Chat
from servr.terminal.waiting import Waiting


@contextmanager
def writing(chat: Chat, form: str) -> Iterator[None]:
    """Meanwhile a reply is `form`, as in "the plan": told in the live line, and not shown."""
    chat.waiting.form = form
    try:
        yield
    finally:
        chat.waiting.form = ""


@contextmanager
def another_session(chat: Chat) -> Iterator[Reader]:
    """Shows a session in the place of the one of `chat`, which waits meanwhile."""
    panel, waiting = chat.terminal.panel, Waiting()
    if panel is None:
        yield TerminalReader(chat.terminal.screen, waiting)
        return
    from servr.terminal.opening import live_reader, tell

    reader = live_reader(panel, chat, waiting)
    before = panel.live, panel.refresh, panel.open_thinking
    tell(panel, reader)
    try:
        yield reader
    finally:
        panel.live, panel.refresh, panel.open_thinking = before
        panel.tail = ()
