"""Commands of the chat that need more than a session has: stores, settings, the sessions of before.

To add one, add a row here, and in a module of its own
`async def name(chat: OpenChat, wanted: str) -> Iterable[Line]`; `python -m boot.commands_page` writes
its line in docs/commands.md.
"""

from boot.forms import PERMISSIONS
from boot.layers import Loaded
from boot.wiring import Opened
from core.commands import table_lines
from core.values import value
from servr.terminal.command import ChatCommand
from servr.terminal.talk import Chat
from servr.terminal.terminal import Terminal


@value
class OpenChat:
    """What the functions of these commands are given."""

    opened: Opened
    loaded: Loaded
    chat: Chat

    @classmethod
    def of(cls, opened: Opened, loaded: Loaded, chat: Chat) -> "OpenChat":
        return cls(opened=opened, loaded=loaded, chat=chat)

    @property
    def terminal(self) -> Terminal:
        return self.chat.terminal


COMMANDS: tuple[ChatCommand, ...] = (
    ChatCommand(
        usage="/memory [store TEXT | search WORD … | forget ID]",
        purpose="lists what is remembered of this project and of you, adds to it, finds, and forgets",
        run="boot.chat_memory:memory",
        anytime=True,
    ),
    ChatCommand(
        usage="/map [WORDS]",
        purpose="maps the project, from what the words mean on, and shows that to the model",
        run="boot.chat_map:show_map",
    ),
    ChatCommand(
        usage="/skills [show NAME | accept NAME | disable NAME]",
        purpose="lists the tools that the agent made, and lets you look at one and accept it",
        run="boot.chat_skills:skills",
    ),
    ChatCommand(
        usage="/clear",
        purpose="begins a new session in the same chat",
        run="boot.chat_sessions:clear",
    ),
    ChatCommand(
        usage="/doctor [offline]",
        purpose="finds out what is missing here, and how to mend it",
        run="boot.chat_looking:doctor",
        anytime=True,
    ),
    ChatCommand(
        usage="/export [FILE]",
        purpose="writes the session to a new file; FILE.html is a page, all else Markdown",
        run="boot.chat_sessions:export",
        anytime=True,
    ),
    ChatCommand(
        usage="/permission [MODE]",
        purpose="tells what may run without a question, or changes it for this session",
        run="boot.chat_permission:permission",
        anytime=True,
        choices=PERMISSIONS,
    ),
    ChatCommand(
        usage="/plan [GOAL]",
        purpose="makes a plan with the model, which only reads meanwhile; you edit it and take it",
        run="boot.plan_chat:plan",
    ),
    ChatCommand(
        usage="/project [TASK | next | check | set TASK STATUS]",
        purpose="shows the plan; `next` does its next task in a session of its own, `next --all` all",
        run="boot.plan_chat:project",
    ),
    ChatCommand(
        usage="/resume [ID]",
        purpose="goes on with another session, or lists them",
        run="boot.chat_sessions:resume",
    ),
    ChatCommand(
        usage="/sessions [WORDS]",
        purpose="lists what was said before here, or wherever the words were said",
        run="boot.chat_sessions:sessions",
        anytime=True,
    ),
    ChatCommand(
        usage="/settings [NAME]",
        purpose="shows every setting, its value and where that stands",
        run="boot.chat_looking:settings",
        anytime=True,
    ),
    ChatCommand(
        usage="/tools",
        purpose="lists the tools that the model was told of",
        run="boot.chat_looking:tools",
        anytime=True,
    ),
)


def rows_of_page() -> list[str]:
    """The table of docs/commands.md."""
    from servr.terminal.table import COMMANDS as ALWAYS_THERE

    rows = sorted((*ALWAYS_THERE, *COMMANDS), key=lambda row: row.name)
    return [*table_lines([row.row for row in rows], heading="what you type")]
