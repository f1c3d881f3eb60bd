"""Before the first session: which model is meant, where there are several and nobody has said."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from boot.layers import FILE, Loaded, here
from boot.models import servers_of
from boot.paths import make_own_folder
from core.endpoint import ServedModel, ServerFacts
from core.errors import AgentError
from core.visible import visible
from servr.spans import Line, Style
from servr.terminal import ChatPeople
from servr.terminal.lines import Interrupted
from store.private import new_private_file

MOST_OFFERED = 20
AT_THE_START = "chosen at the start"


async def with_a_model(loaded: Loaded, people: ChatPeople) -> Loaded:
    """`loaded` with the model that the person chose, where there are several and none is set.

    What they chose is kept in their settings, if they have none yet. Without an answer it is as it was.
    """
    terminal = people.terminal
    if loaded.settings.model or terminal.panel is None:
        return loaded
    try:
        alone = replace(loaded.settings, fallback_urls="")  # what is chosen here is kept as the first server
        servers, _ = await terminal.interruptible(servers_of(alone))
    except AgentError:
        return loaded  # whoever opens the session says it
    offers = [*_offers(servers)]
    if len(offers) < 2:
        return loaded
    try:
        url, model = await _asked(offers, people)
    except (Interrupted, EOFError):
        return loaded
    chosen = replace(loaded.settings, model=model.name, model_url=url)
    if kept := _keep(here().folders.config / FILE, url, model.name):
        terminal.screen.show(
            [Line(visible(f"Kept in {kept}. /model takes another for a session."), Style.DIM)]
        )
    origins = {**loaded.origins, "model": AT_THE_START, "model_url": AT_THE_START}
    return replace(loaded, settings=chosen, origins=origins)


async def _asked(offers: Sequence[tuple[str, ServedModel]], people: ChatPeople) -> tuple[str, ServedModel]:
    terminal = people.terminal
    lines = [Line(f"There are {len(offers)} models. Which one?", Style.STRONG)]
    for number, (url, model) in enumerate(offers, 1):
        loaded = " (loaded)" if model.loaded else ""
        lines.append(Line(visible(f"  {number}. {model.name}{loaded} at {url}")))
    while True:
        answer = await terminal.interruptible(terminal.ask(lines, f"1 to {len(offers)}, Enter for 1: "))
        if not answer:
            return offers[0]
        if answer.isdecimal() and 1 <= int(answer) <= len(offers):
            return offers[int(answer) - 1]
        lines = [Line("Answer with a number.", Style.DIM)]


def _offers(servers: Sequence[ServerFacts]) -> Iterator[tuple[str, ServedModel]]:
    """Models that talk, those that are loaded first."""
    found = [(facts.url, model) for facts in servers for model in facts.models if model.talks]
    found.sort(key=lambda offer: not offer[1].loaded)
    yield from found[:MOST_OFFERED]


def _keep(file: Path, url: str, model: str) -> Path | None:
    """The file that was made; None where the person has one, or none can be made."""
    quoted = [f"{name} = {_toml(text)}\n" for name, text in (("model", model), ("model_url", url))]
    with suppress(OSError):
        make_own_folder(file.parent)
        with new_private_file(file) as made:
            made.write("".join(quoted).encode())
        return file
    return None


def _toml(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=True)  # every JSON string is a basic string of TOML
