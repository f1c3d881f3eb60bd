"""`/memory`: what is remembered, looked at, added to and forgotten while a session goes on."""

from collections.abc import Iterable
from contextlib import aclosing
from functools import partial

from boot.chat_commands import OpenChat
from boot.embedding import embedder_of
from boot.layers import here
from boot.masking import masking_of
from boot.remembering import Remembering
from core.errors import AgentError
from core.memory import FactScope
from core.visible import visible
from servr.fact_lines import lines_of_facts, lines_of_stored
from servr.spans import Line, Style

SHOWN = 20
ABOUT_USER = "user "
USAGE = (
    "Type /memory, /memory store TEXT, /memory store user TEXT, /memory search WORDS or /memory forget ID."
)
LATER = "New sessions begin with it; this one finds it when its model searches."


async def memory(chat: OpenChat, wanted: str) -> Iterable[Line]:
    own = Remembering(
        path=here().folders.database,
        project=str(chat.opened.workspace),
        masking=masking_of(chat.loaded.settings, here()),
        source="person",
        session=chat.opened.session.id,
        embedder=partial(embedder_of, chat.loaded.settings, here().folders),
        in_background=False,
        counts_uses=lambda: False,
    )
    async with aclosing(own):
        try:
            return [*await _answered(own, wanted.strip())]
        except AgentError as error:
            return [Line(visible(str(error)), Style.BAD)]


async def _answered(own: Remembering, wanted: str) -> Iterable[Line]:
    action, _, rest = wanted.partition(" ")
    rest = rest.strip()
    match action:
        case "" | "list":
            return await _list(own)
        case "store":
            return await _store(own, rest)
        case "search" if rest:
            found = await own.search(rest, count=SHOWN)
            told = [Line(visible(notice)) for notice in own.notices]
            return [*told, *(lines_of_facts(found) if found else [Line("Nothing of that is remembered.")])]
        case "forget" if rest.removeprefix("#").isdecimal():
            return await _forget(own, int(rest.removeprefix("#")))
        case _:
            return [Line(USAGE)]


async def _list(own: Remembering) -> Iterable[Line]:
    page = await own.page(count=SHOWN)
    if not page.facts:
        return [Line("Nothing is remembered yet. /memory store TEXT keeps a fact of this project.")]
    left = page.total - len(page.facts)
    more = [Line(f"({left:,} more: /memory search WORDS finds them)", Style.DIM)] if left else []
    return [*lines_of_facts(page.facts), *more]


async def _store(own: Remembering, text: str) -> Iterable[Line]:
    scope: FactScope = "user" if text.startswith(ABOUT_USER) else "project"
    stored = await own.store(text.removeprefix(ABOUT_USER), scope=scope)
    return [*lines_of_stored(stored), Line(LATER, Style.DIM)]


async def _forget(own: Remembering, number: int) -> Iterable[Line]:
    gone = await own.forget(number)
    if not gone:
        return [Line(f"There is no fact #{number}. /memory lists which there are.")]
    return [Line("Forgotten:"), *lines_of_facts(gone[:1])]
