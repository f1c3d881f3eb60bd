"""The commands of every chat: one row each, with its function in a module of its own.

A function is `async def name(chat: Chat, wanted: str) -> Iterable[Line]`: `wanted` is what follows the
command's name, and the lines are shown. Rows of `boot/chat_commands.py` need more than a session has.
"""

from servr.terminal.command import ChatCommand

COMMANDS = (
    ChatCommand(
        usage="/help [COMMAND]",
        purpose="shows what you can type, or what one command does",
        run="servr.terminal.helping:show_help",
        anytime=True,
    ),
    ChatCommand(
        usage="/context",
        purpose="draws what fills the window, and tells what the server keeps of it",
        run="servr.terminal.context:show_context",
        anytime=True,
    ),
    ChatCommand(
        usage="/copy [code | NUMBER]",
        purpose="copies the newest reply, its last block of code, or a block by its number",
        run="servr.terminal.copying:copy",
        anytime=True,
    ),
    ChatCommand(
        usage="/theme [NAME]",
        purpose="changes the colours: auto, dark, light or none",
        run="servr.terminal.looks:choose_theme",
        anytime=True,
        choices=("auto", "dark", "light", "none"),
    ),
    ChatCommand(
        usage="/model [NAME]",
        purpose="lists the models there are, or goes on with another; `back` is the one before",
        run="servr.terminal.models:choose_model",
    ),
    ChatCommand(
        usage="/diff [STEP]",
        purpose="shows what changed in all, or in one step",
        run="servr.terminal.undoing:diff",
    ),
    ChatCommand(
        usage="/undo [STEP]",
        purpose="takes back what the last turn did to files, or all that came after a step",
        run="servr.terminal.undoing:undo",
    ),
    ChatCommand(
        usage="/redo",
        purpose="brings back what was taken back last",
        run="servr.terminal.undoing:redo",
    ),
    ChatCommand(
        usage="/rewind [STEP]",
        purpose="lists the steps, or goes back to the end of one, files and conversation",
        run="servr.terminal.undoing:rewind",
    ),
    ChatCommand(
        usage="/show [NUMBER]",
        purpose="opens what was folded: a card or thoughts by its number, or the newest",
        run="servr.terminal.showing:show",
        anytime=True,
    ),
    ChatCommand(
        usage="/quit",
        aliases=("exit",),
        purpose="leaves; so do `quit`, `exit` and Ctrl-D",
        run="servr.terminal.helping:leave",
    ),
)
