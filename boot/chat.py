"""A chat from its first word to its last: one session after another, at one terminal."""

import gc
from collections.abc import Mapping
from functools import partial

from boot.chat_commands import COMMANDS, OpenChat
from boot.first_start import AT_THE_START, with_a_model
from boot.layers import Loaded, here, load_settings
from boot.masking import masking_of
from boot.opening import Choice, People
from boot.pictures import pictures_of
from boot.wiring import Opened, open_session
from boot.workspace_paths import WorkspacePaths
from core.errors import AgentError, ConfigError
from core.visible import visible
from servr.spans import Line, Style
from servr.terminal import ChatHeader, ChatPeople, Next, OwnCommands, chat, chat_people
from servr.terminal.chat import Habits
from store.prompt_history import PromptHistory

CHOSEN = ("model", "model_url")
"""What a person may choose as the chat begins; it goes with them."""


async def chat_from(loaded: Loaded, choice: Choice, flags: Mapping[str, object]) -> int:
    """The exit code. Where another session cannot be opened, the one before goes on.

    `flags` are the settings of the command line: they hold in another folder, too.
    """
    people = chat_people(_habits(loaded))
    async with people.present():
        try:
            following = await _session(loaded, choice, people)
        except ConfigError:
            chosen = await with_a_model(loaded, people)
            if chosen is loaded:
                raise
            loaded = chosen
            following = await _session(loaded, choice, people)
        while following.kind != "leave":
            wanted, before = choice_of(following, choice), following.before
            try:
                there = loaded
                if following.folder:
                    there = _elsewhere(loaded, flags, following.folder)
                    people.terminal.screen.show(Line(visible(text), Style.DIM) for text in there.warnings)
                following = await _session(there, wanted, people)
                loaded = there
            except AgentError as error:
                people.terminal.screen.show([Line(visible(str(error)), Style.BAD)])
                following = Next(kind="resume", session=before)
                if wanted.resume == before:
                    raise
    return 0


def _elsewhere(loaded: Loaded, flags: Mapping[str, object], folder: str) -> Loaded:
    """As a start in `folder` would find them. Raises ConfigError."""
    chosen = {name: getattr(loaded.settings, name) for name in CHOSEN if loaded.origins[name] == AT_THE_START}
    return load_settings(here(), {**flags, **chosen, "workspace": folder})


async def _session(loaded: Loaded, choice: Choice, people: ChatPeople) -> Next:
    person = People(approver=people.approver, asker=people.asker)
    async with open_session(loaded.settings, choice, person) as opened:
        if not gc.get_freeze_count():
            gc.freeze()  # or a key waits now and then until all that was imported has been looked through
        own = OwnCommands(rows=COMMANDS, of=partial(OpenChat.of, opened, loaded))
        header = _header(opened, loaded)
        paths = WorkspacePaths(opened.services)
        return await chat(
            opened.session,
            header,
            people,
            opened.models,
            opened.undo,
            own=own,
            paths=paths,
            attached=partial(pictures_of, opened),
        )


def _habits(loaded: Loaded) -> Habits:
    settings, around = loaded.settings, here()
    history = PromptHistory(around.folders.data / "prompts.jsonl", masking_of(settings, around).masked)
    return Habits(vi=settings.keys == "vi", theme=settings.theme, notice=settings.notice, history=history)


def choice_of(following: Next, first: Choice) -> Choice:
    """Which session is opened next, with the model that the first was opened with."""
    if following.kind == "resume":
        return Choice(resume=following.session, model=first.model, last_model=True)
    return Choice(model=first.model)


def _header(opened: Opened, loaded: Loaded) -> ChatHeader:
    return ChatHeader(
        model=opened.model,
        endpoint=opened.endpoint,
        workspace=str(opened.workspace),
        permission=loaded.settings.permission,
        sandbox=opened.sandbox,
        notices=opened.notices,
    )
