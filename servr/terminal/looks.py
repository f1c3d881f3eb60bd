"""The colours of a chat: by the person's wish, and by what the terminal says of its background. `/theme`."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from servr.spans import Line
from servr.terminal.answers import Answers
from servr.terminal.screen import Screen
from servr.themes import WISHES, Rgb, Wish, background_of, colours_of, theme_for

if TYPE_CHECKING:
    from servr.terminal.panel import Panel
    from servr.terminal.talk import Chat


@dataclass
class Looks:
    screen: Screen
    wish: Wish
    answers: Answers = field(default_factory=Answers)
    background: Rgb | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @asynccontextmanager
    async def following(self, panel: "Panel") -> AsyncIterator[None]:
        """The terminal is asked for its background once; nobody waits for the answer."""
        self.answers.told = self.learn
        if background_matters(self.environment):
            panel.tell_terminal(self.answers.question())
        try:
            yield
        finally:
            await self.answers.settled()

    def choose(self, wish: Wish) -> None:
        self.wish = wish
        self.screen.theme = theme_for(wish, self.environment, terminal=True, background=self.background)

    def learn(self, answer: str) -> None:
        """What the terminal says of its background; lines from now on follow it."""
        if background := background_of(answer):
            self.background = background
            self.choose(self.wish)


def background_matters(environment: Mapping[str, str]) -> bool:
    """Whether there is something to choose: sixteen colours are the person's own, whatever is behind them."""
    return not environment.get("NO_COLOR") and colours_of(environment, terminal=True) > 16


async def choose_theme(chat: "Chat", wanted: str) -> Iterable[Line]:
    screen, looks = chat.terminal.screen, chat.terminal.looks
    wish = next((each for each in WISHES if each == wanted), None)
    if wish is None:
        return [Line(f"The theme is {screen.theme.name}. /theme {' | '.join(WISHES)} takes another.")]
    if looks is None:
        return [Line("There are no colours here.")]
    looks.choose(wish)
    return [Line(f"The theme is {screen.theme.name} now. AGENT_THEME={wish} keeps it so.")]
