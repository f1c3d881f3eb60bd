"""What Tab and typing offer: commands after a slash, what they take, files of the workspace after an `@`."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from core.errors import AgentError
from core.visible import visible
from servr.terminal.command import ChatCommand, command_named

COMMAND = re.compile(r"/(\S*)")
ARGUMENT = re.compile(r"/(\S+) +(\S*)")
PATH = re.compile(r"(?:^|(?<=\s))@(\S*)$")
MOST_OFFERED = 50
SLICE = 200
"""So many paths are compared before a key that was pressed meanwhile is answered."""

PathsOf = Callable[[], Awaitable[Sequence[str]]]
WordsOf = Callable[[], Awaitable[Sequence[str]]]
"""What a command takes; raises AgentError where nobody can say."""


async def no_paths() -> Sequence[str]:
    return ()


@dataclass
class ChatCompleter(Completer):
    commands: Sequence[ChatCommand] = ()
    paths: PathsOf = no_paths
    """Those of the workspace that are to be seen, relative to it."""
    models: WordsOf = no_paths
    """Their names; asked for anew with each `/model`."""
    _place: int = -1
    """Where the `@` stands for which they were asked for last."""
    _known: Sequence[str] = ()
    _models: Sequence[str] = ()

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        text = document.text_before_cursor
        if found := COMMAND.fullmatch(document.text):
            for command in self.commands:
                if command.name.startswith(found[1]):
                    yield Completion(f"/{command.name} ", -len(text), f"/{command.name}", command.purpose)
        elif found := ARGUMENT.fullmatch(document.text):
            for word in await self._words_of(found[1], found[2].casefold()):
                yield Completion(word, -len(found[2]), visible(word))
        elif found := PATH.search(text):
            for path in await likeliest(await self._paths_at(found.start()), found[1]):
                yield Completion(f"{_written(path)} ", -len(found[1]) - 1, visible(path))

    async def _words_of(self, command: str, sought: str) -> Sequence[str]:
        """Those that begin with `sought`, then those that hold it."""
        row = command_named(self.commands, command)
        words: Sequence[str] = row.choices if row else ()
        if command == "model":
            with suppress(AgentError):
                self._models = await self.models() if not (sought and self._models) else self._models
            words = self._models
        fitting = [word for word in words if sought in word.casefold()]
        return sorted(fitting, key=lambda word: not word.casefold().startswith(sought))[:MOST_OFFERED]

    async def _paths_at(self, place: int) -> Sequence[str]:
        """Asked for once for each `@`: a look at a large tree takes its time."""
        if place != self._place or not self._known:
            self._known = await self.paths()
            self._place = place
        return self._known


async def likeliest(paths: Sequence[str], sought: str, most: int = MOST_OFFERED) -> Sequence[str]:
    """The paths that are most like what was typed, the best first; others can run between two slices."""
    match = Likeness(sought.lower())
    found: list[tuple[tuple[int, int, str], str]] = []
    for start in range(0, len(paths), SLICE):
        ranked = ((match.rank(path), path) for path in paths[start : start + SLICE])
        found += [(rank, path) for rank, path in ranked if rank is not None]
        if len(found) > 4 * most:
            found = sorted(found)[:most]
        await asyncio.sleep(0)
    return [path for _, path in sorted(found)[:most]]


@dataclass
class Likeness:
    """How well a path fits what was typed: its letters have to be there, in their order."""

    sought: str
    _letters: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self._letters = re.compile("[^\0]*?".join(map(re.escape, self.sought)))

    def rank(self, path: str) -> tuple[int, int, str] | None:
        """The less the better; None: not at all."""
        folded = path.lower()
        name = folded[folded.rfind("/") + 1 :]
        if name.startswith(self.sought):
            kind = 0
        elif self.sought in name:
            kind = 1
        elif self.sought in folded:
            kind = 2
        elif self._letters.search(name):
            kind = 3
        elif self._letters.search(folded):
            kind = 4
        else:
            return None
        return kind, len(path), path


def _written(path: str) -> str:
    return f'@"{path}"' if re.search(r"\s", path) else f"@{path}"
