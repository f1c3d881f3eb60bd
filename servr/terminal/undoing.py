"""`/undo`, `/redo`, `/diff` and `/rewind`: what the agent did to files, looked at and taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import AgentError, UndoRefused
from core.visible import visible
from flow.undo import Undo, Wish
from servr.cards.views import view_lines
from servr.file_lines import lines_of_skills, lines_of_steps
from servr.spans import Line, Style
from servr.terminal.talk import Chat
from servr.terminal.terminal import Terminal

MOST_STEPS = 40
MOST_CONFLICTS = 20
MOST_FILES = 50
WISHES: dict[str, Wish] = {"o": "overwrite", "k": "keep", "s": "stop"}


async def undo(chat: Chat, wanted: str) -> Iterable[Line]:
    return await UndoCommands(chat.undo(), chat.terminal).answer("/undo", wanted)


async def redo(chat: Chat, wanted: str) -> Iterable[Line]:
    return await UndoCommands(chat.undo(), chat.terminal).answer("/redo", wanted)


async def diff(chat: Chat, wanted: str) -> Iterable[Line]:
    return await UndoCommands(chat.undo(), chat.terminal).answer("/diff", wanted)


async def rewind(chat: Chat, wanted: str) -> Iterable[Line]:
    return await UndoCommands(chat.undo(), chat.terminal).answer("/rewind", wanted)


@dataclass(frozen=True)
class UndoCommands:
    undo: Undo
    terminal: Terminal

    async def answer(self, command: str, wanted: str) -> Iterable[Line]:
        """What a command shows beside the events it causes."""
        try:
            step = _number(wanted)
            match command:
                case "/diff":
                    return self._differences(step)
                case "/redo":
                    await self.undo.forward(self._consent)
                    promoted: Sequence[str] = ()
                case "/undo" if step is None:
                    promoted = await self.undo.back(self._consent)
                case "/undo":
                    promoted = await self.undo.to_step(step or 0, self._consent)
                case _ if step is None:
                    return self._steps()
                case _:
                    promoted = await self.undo.rewind(step, self._consent)
        except AgentError as error:
            return [Line(visible(str(error)))]
        return lines_of_skills(promoted)

    def _differences(self, step: int | None) -> Iterable[Line]:
        views = self.undo.differences(step)
        if not views:
            return [Line("No file has changed." if step is None else f"Step {step} changed no file.")]
        lines = [line for view in views[:MOST_FILES] for line in view_lines(view)]
        if (more := len(views) - MOST_FILES) > 0:
            lines.append(Line(f"… {more:,} more files: `roost undo --to 0 --preview` shows all …", Style.DIM))
        return lines

    def _steps(self) -> Iterable[Line]:
        history = self.undo.history()
        if not history.steps:
            return [Line("The model has taken no step yet.")]
        end = Line(
            "/rewind NUMBER goes back to the end of that step, files and conversation; 0 to the beginning."
        )
        return [*lines_of_steps(history, MOST_STEPS), end]

    async def _consent(self, conflicts: Sequence[str]) -> Wish:
        lines = [Line("These are not as the agent left them:", Style.STRONG)]
        lines += [Line(f"  {visible(text)}") for text in conflicts[:MOST_CONFLICTS]]
        if (more := len(conflicts) - MOST_CONFLICTS) > 0:
            lines.append(Line(f"  … {more:,} more …"))
        lines.append(Line("o overwrite them · k keep them, and do the rest · s stop", Style.DIM))
        while True:
            try:
                answer = await self.terminal.ask(lines, "Which? [o/k/s] ")
            except EOFError:
                return "stop"
            if wish := WISHES.get(answer.lower()[:1]):
                return wish
            lines = [Line("Answer one of o/k/s; what is overwritten comes back with /redo.", Style.DIM)]


def _number(wanted: str) -> int | None:
    """Raises UndoRefused for what is no number of a step."""
    if not wanted:
        return None
    if not wanted.isdecimal():
        raise UndoRefused(f"{wanted[:40]!r} is no number of a step.", hint="/rewind lists the steps.")
    return int(wanted)
