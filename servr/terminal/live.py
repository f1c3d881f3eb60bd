"""A chat with a panel: its transcript, its lines, and the reader that shows a session above and in it."""

import asyncio
import re
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.deltas import Delta, RestartDelta, TextDelta, ThinkingDelta
from core.events import (
    Event,
    ModelDelta,
    ModelReplied,
    ModelSwitched,
    NoteAdded,
    PermissionAsked,
    Record,
    ToolFinished,
    TurnFinished,
)
from core.messages import AssistantMessage
from core.visible import visible
from servr.cards import Cards, Folds
from servr.cards.views import language_of
from servr.drawing import lines_of
from servr.markdown.code import load_colours
from servr.spans import Line, Style
from servr.terminal.panel import Panel
from servr.terminal.screen import Screen, prompt_lines
from servr.terminal.waiting import Waiting

SLICE = re.compile(r"(?:(?!```|~~~).){1,500}|(?:`+|~+)[^\n]{0,200}\n?", re.DOTALL)
"""What of a reply is drawn before a key that was pressed meanwhile is answered: the line with which code may
begin is by itself."""
MOST_TAIL_LINES = 40
MOST_RUNNING_ROWS = 8


class ReplyLines(Protocol):
    """A reply that grows, as lines: those that will not change any more, and those that may."""

    width: int
    """Of the lines that are not finished yet."""

    @property
    def language(self) -> str:
        """Of the code that comes; empty for text."""
        ...

    def feed(self, text: str) -> Iterable[Line]:
        """The lines that are finished by this piece."""
        ...

    def tail(self, rows: int) -> Sequence[Line]:
        """The last rows of what is pending, as they would be if the text ended here."""
        ...

    def end(self) -> Iterable[Line]:
        """What was pending, finished."""
        ...


@dataclass
class Above:
    """What a `Screen` writes, line by line into the transcript."""

    panel: Panel
    _open: str = ""

    def write(self, text: str) -> int:
        *whole, self._open = (self._open + text).split("\n")
        self.panel.above(whole)
        return len(text)

    def flush(self) -> None: ...


@dataclass(frozen=True)
class PanelLines:
    panel: Panel
    screen: Screen

    async def read(self, prompt: str) -> str:
        return await self.panel.listen()

    async def answer(self, prompt: str) -> str:
        answer = await self.panel.answer(prompt)
        self.screen.show([Line(visible(f"{prompt}{answer}"), Style.DIM)])
        return answer

    async def ahead(self) -> str:
        return await self.panel.read()


@dataclass
class LiveReader:
    """Writes what is finished above the panel, and shows in it what is not."""

    screen: Screen
    panel: Panel
    reply: Callable[[], ReplyLines]
    waiting: Waiting = field(default_factory=Waiting)
    folds: Folds = field(default_factory=Folds)
    clock: Callable[[], float] = time.monotonic
    _lines: ReplyLines | None = None
    _said: list[str] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _thinking_since: float | None = None
    _thought: str = ""
    """All that was thought before the newest text or call."""
    _loaded: set[str] = field(default_factory=set)
    """Languages of which the colours are there."""
    _grown: bool = False
    """Whether the reply is longer than what the tail shows of it."""

    def __post_init__(self) -> None:
        self._cards = Cards(
            lambda: self.panel.columns, self.folds, self.clock, lambda: self.screen.theme.tinted
        )

    async def __call__(self, record: Record) -> None:
        event = record.event
        self.waiting.see(event)
        match event:
            case ModelDelta(delta=delta):
                await self._stream(delta, event)
            case ModelReplied(reply=reply):
                await self._end_reply(reply)
                self.screen.show(self._cards.see(event))
            case PermissionAsked():
                self.screen.show([Line("")])  # whoever asks shows the rest
            case ModelSwitched():
                pass  # so does whoever switches
            case NoteAdded(source="steering", text=text):
                self.screen.show(prompt_lines(text))
            case ToolFinished(view=view):
                await self._colours_of(language_of(view))
                self.screen.show([Line(""), *self._cards.see(event)])
            case TurnFinished():
                self.panel.tail = ()
                self.screen.show([*self._cards.see(event), Line("")])
            case _:
                self.screen.show(self._cards.see(event))
        self.panel.changed()

    def refresh(self) -> None:
        """Bring the tail up to date: at each drawing, for it costs more than a piece of a reply."""
        if self._lines is None:
            self.panel.tail = self._cards.running(MOST_RUNNING_ROWS)
        elif self._grown or self._lines.width != self.panel.columns:
            self._lines.width = self.panel.columns
            self.panel.tail = self._lines.tail(MOST_TAIL_LINES)
        self._grown = False

    def show_thinking(self) -> None:
        """The newest thoughts, whole."""
        thoughts = "".join(self._thoughts) or self._thought
        lines = visible(thoughts).strip().splitlines() or [
            "Nothing was thought yet, or the server does not show it."
        ]
        self.screen.show(Line(f"  {line}", Style.DIM) for line in lines)

    async def _stream(self, delta: Delta, event: Event) -> None:
        match delta:
            case TextDelta(text=text):
                self._end_thinking()
                if not self.waiting.form:
                    await self._say(text)
            case ThinkingDelta(text=text):
                self._thinking_since = self._thinking_since or self.clock()
                self._thoughts.append(text)
            case RestartDelta():
                self._forget()
                self.screen.show(lines_of(event))
            case _:
                pass

    async def _say(self, text: str) -> None:
        text = text if self._said else text.lstrip("\r\n")
        if text:
            self._said.append(text)
            if self._lines is None:
                self._lines = self.reply()
                self.screen.show([Line("")])
            for piece in SLICE.findall(text):
                self._lines.width = self.panel.columns
                self.screen.show(self._lines.feed(piece))
                self._grown = True
                await self._colours_of(self._lines.language)
                await asyncio.sleep(0)

    async def _colours_of(self, language: str) -> None:
        """Load them before the first line is drawn, while keys are answered."""
        if language and language not in self._loaded:
            self._loaded.add(language)
            await asyncio.to_thread(load_colours, language)

    def _end_thinking(self) -> None:
        if self._thinking_since is None:
            return
        seconds = self.clock() - self._thinking_since
        self._thought = "".join(self._thoughts)
        self.screen.show([Line(""), self.folds.thinking(self._thought, seconds)])
        self._thoughts.clear()
        self._thinking_since = None

    async def _end_reply(self, reply: AssistantMessage) -> None:
        """Show what was not streamed, or was passed over because the screen was slow."""
        self._end_thinking()
        whole = "" if self.waiting.form else reply.text.lstrip("\r\n")
        said = "".join(self._said)
        if not whole.startswith(said):
            same = bisect_left(range(len(whole)), True, key=lambda end: whole[: end + 1] != said[: end + 1])
            self._finish_lines()
            self.screen.show([Line("… from where the screen was too slow:", Style.DIM)])
            said = whole[: whole.rfind("\n", 0, same) + 1]
        if whole[len(said) :]:
            await self._say(whole[len(said) :])
        self._finish_lines()
        self._forget()

    def _finish_lines(self) -> None:
        if self._lines:
            self.screen.show(self._lines.end())
        self._lines, self.panel.tail = None, ()

    def _forget(self) -> None:
        self._lines, self.panel.tail, self._thinking_since = None, (), None
        self._said.clear()
        self._thoughts.clear()
