"""`/show`: what was folded on the screen, whole."""

from collections.abc import Iterable

from servr.spans import Line
from servr.terminal.talk import Chat


async def show(chat: Chat, wanted: str) -> Iterable[Line]:
    if wanted and not wanted.isdecimal():
        return [Line(f"{wanted[:40]!r} is no number: the ones to open stand behind /show in what is folded.")]
    try:
        return chat.folds.opened(int(wanted) if wanted else None)
    except KeyError:
        kept = "The newest hundred are kept." if wanted else "Long cards and thoughts are, as they come."
        return [Line(f"Nothing is folded{f' under {wanted}' if wanted else ' yet'}. {kept}")]
