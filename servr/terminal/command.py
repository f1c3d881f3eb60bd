"""A command of the chat: what a person types, what it does, and where its function is."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from core.commands import CommandRow
from core.values import value


@value
class ChatCommand:
    usage: str
    """With its slash, and what may follow it: `/undo [STEP]`."""
    purpose: str
    """A sentence without a subject, in lower case and without a full stop."""
    run: str
    """Where its function is, as `package.module:function`; imported when it is called for."""
    anytime: bool = False
    """Whether it can be carried out while a turn runs; else it waits for its end."""
    choices: tuple[str, ...] = ()
    """All that may follow its name, where that is known."""
    aliases: tuple[str, ...] = ()
    """Other names, without the slash."""

    @property
    def name(self) -> str:
        """Without the slash."""
        return self.row.name.removeprefix("/")

    @property
    def row(self) -> CommandRow:
        return CommandRow(self.usage, self.purpose)

    def function(self) -> Callable[..., Any]:
        from importlib import import_module

        module, _, name = self.run.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found


def command_named(commands: Iterable[ChatCommand], name: str) -> ChatCommand | None:
    """The one with this name or alias."""
    return next((command for command in commands if name in (command.name, *command.aliases)), None)


def nearest(commands: Iterable[ChatCommand], name: str) -> Sequence[str]:
    """Names that may have been meant by one that is none; the likeliest first."""
    from difflib import get_close_matches

    names = [each for command in commands for each in (command.name, *command.aliases)]
    begun = [each for each in names if name and each.startswith(name)]
    return [*dict.fromkeys((*begun, *get_close_matches(name, names, n=3)))][:3]
