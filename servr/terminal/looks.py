"""`/theme`: the colours of this chat."""

import os
from collections.abc import Iterable
from typing import get_args

from servr.drawing import Line
from servr.terminal.talk import Chat
from servr.themes import Wish, theme_for


async def choose_theme(chat: Chat, wanted: str) -> Iterable[Line]:
    screen, panel = chat.terminal.screen, chat.terminal.panel
    wish: Wish | None = next((each for each in get_args(Wish) if each == wanted), None)
    if wish is None:
        return [Line(f"The theme is {screen.theme.name}. /theme {' | '.join(get_args(Wish))} takes another.")]
    if panel is None:
        return [Line("There are no colours here.")]
    screen.theme = theme_for(wish, os.environ, terminal=True)
    return [Line(f"The theme is {screen.theme.name} now. AGENT_THEME={wish} keeps it so.")]
