"""Which key does what in the chat, beside what an editor of lines does anyway."""

from typing import TYPE_CHECKING

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition, has_focus, is_searching
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

if TYPE_CHECKING:
    from servr.terminal.panel import Panel

FOCUS_IN, FOCUS_OUT = Keys.F23, Keys.F24
"""Keys that no keyboard has, for what a terminal says of its window."""
ANSI_FOCUS = {"\x1b[I": FOCUS_IN, "\x1b[O": FOCUS_OUT}


def bindings(panel: "Panel") -> KeyBindings:
    ANSI_SEQUENCES.update(ANSI_FOCUS)
    keys = KeyBindings()
    _add_sending(keys, panel)
    _add_stopping(keys, panel)
    _add_editing(keys, panel)
    return keys


def _add_sending(keys: KeyBindings, panel: "Panel") -> None:
    typing = has_focus(panel.buffer) & ~is_searching

    @keys.add("enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        completing = panel.buffer.complete_state
        if completing and completing.current_completion:
            panel.buffer.complete_state = None
        elif panel.buffer.document.char_before_cursor == "\\" and panel.buffer.document.is_cursor_at_the_end:
            panel.buffer.delete_before_cursor()
            panel.buffer.newline(copy_margin=False)
        else:
            panel.submit()

    @keys.add("escape", "enter", filter=typing)
    @keys.add("c-j", filter=typing)
    def _(event: KeyPressEvent) -> None:
        panel.buffer.newline(copy_margin=False)

    @keys.add("escape", "up", filter=typing)
    def _(event: KeyPressEvent) -> None:
        if text := panel.recall():
            panel.buffer.insert_text(text)


def _add_stopping(keys: KeyBindings, panel: "Panel") -> None:
    @keys.add("c-c")
    @keys.add("<sigint>")
    def _(event: KeyPressEvent) -> None:
        panel.stop()

    @keys.add("c-d", filter=Condition(lambda: not panel.buffer.text))
    def _(event: KeyPressEvent) -> None:
        panel.leave()

    @keys.add("escape", filter=Condition(lambda: bool(panel.asked and panel.asked.drafting)))
    def _(event: KeyPressEvent) -> None:
        panel.put_aside()

    @keys.add("c-z")
    def _(event: KeyPressEvent) -> None:
        get_app().suspend_to_background()


def _add_editing(keys: KeyBindings, panel: "Panel") -> None:
    @keys.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        text = event.data.replace("\r\n", "\n").replace("\r", "\n")
        panel.buffer.insert_text(panel.chips.folded(text))

    @keys.add("c-x", "c-e")
    def _(event: KeyPressEvent) -> None:
        panel.buffer.text = panel.chips.expanded(panel.buffer.text)
        panel.buffer.open_in_editor()

    @keys.add("c-t")
    def _(event: KeyPressEvent) -> None:
        panel.open_thinking()

    @keys.add("tab", filter=has_focus(panel.buffer) & ~is_searching)
    def _(event: KeyPressEvent) -> None:
        if panel.buffer.complete_state:
            panel.buffer.complete_next()
        else:
            panel.buffer.start_completion(select_first=True)

    @keys.add(FOCUS_IN)
    def _(event: KeyPressEvent) -> None:
        panel.in_front = True

    @keys.add(FOCUS_OUT)
    def _(event: KeyPressEvent) -> None:
        panel.in_front = False
