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
from flow.remembered import forgotten_now, remembered_now
from servr.fact_lines import lines_of_facts, lines_of_stored
from servr.spans import Line, Style

SHOWN = 20
ABOUT_USER = "user "
USAGE = (
    "Type /memory, /memory store TEXT, /memory store user TEXT, /memory search WORDS or /memory forget ID."
)
TOLD = "The model reads it before its next step, and new sessions begin with it."
UNTOLD = "Memory is turned off for the model: AGENT_ENABLE_MEMORY."


async def memory(chat: OpenChat, wanted: str) -> Iterable[Line]:
    of_session = chat.opened.services.memory
    if isinstance(of_session, Remembering):
        own, told = of_session.of_person(), chat.opened.session.own_commands
    else:
        own, told = _of_nobody_else(chat), None
    async with aclosing(own):
        try:
            return [*await _answered(own, told, wanted.strip())]
        except AgentError as error:
            return [Line(visible(str(error)), Style.BAD)]


def _of_nobody_else(chat: OpenChat) -> Remembering:
    """Where it is turned off for the model."""
    return Remembering(
        path=here().folders.database,
        project=str(chat.opened.workspace),
        masking=masking_of(chat.loaded.settings, here()),
        source="person",
        session=chat.opened.session.id,
        embedder=partial(embedder_of, chat.loaded.settings, here().folders),
        in_background=False,
        counts_uses=lambda: False,
    )


async def _answered(own: Remembering, told: list[str] | None, wanted: str) -> Iterable[Line]:
    """`told`: what the model reads before its next step, if it has a memory."""
    action, _, rest = wanted.partition(" ")
    rest = rest.strip()
    match action:
        case "" | "list":
            return await _list(own)
        case "store":
            return await _store(own, told, rest)
        case "search" if rest:
            found = await own.search(rest, count=SHOWN)
            notes = [Line(visible(notice)) for notice in own.notices]
            return [*notes, *(lines_of_facts(found) if found else [Line("Nothing of that is remembered.")])]
        case "forget" if rest.removeprefix("#").isdecimal():
            return await _forget(own, told, int(rest.removeprefix("#")))
        case _:
            return [Line(USAGE)]


async def _list(own: Remembering) -> Iterable[Line]:
    page = await own.page(count=SHOWN)
    if not page.facts:
        return [Line("Nothing is remembered yet. /memory store TEXT keeps a fact of this project.")]
    left = page.total - len(page.facts)
    more = [Line(f"({left:,} more: /memory search WORDS finds them)", Style.DIM)] if left else []
    return [*lines_of_facts(page.facts), *more]


async def _store(own: Remembering, told: list[str] | None, text: str) -> Iterable[Line]:
    scope: FactScope = "user" if text.startswith(ABOUT_USER) else "project"
    stored = await own.store(text.removeprefix(ABOUT_USER), scope=scope)
    if told is not None:
        told.append(remembered_now(stored.fact))
    return [*lines_of_stored(stored), Line(UNTOLD if told is None else TOLD, Style.DIM)]


async def _forget(own: Remembering, told: list[str] | None, number: int) -> Iterable[Line]:
    gone = await own.forget(number)
    if not gone:
        return [Line(f"There is no fact #{number}. /memory lists which there are.")]
    if told is not None:
        told.append(forgotten_now(gone[0]))
    return [Line("Forgotten:"), *lines_of_facts(gone[:1])]
