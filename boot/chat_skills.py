"""`/skills`: what the agent made for itself; and a person's yes to what it may call again."""

from collections.abc import Iterable

from boot.chat_commands import OpenChat
from boot.folder_acts import FolderActs
from boot.layers import here
from boot.skill_acts import SkillActs
from core.errors import AgentError
from core.visible import revealed, visible
from servr.spans import Line
from store.skill_shelf import SkillShelf


async def skills(chat: OpenChat, wanted: str) -> Iterable[Line]:
    shelf = chat.opened.services.skills.shelf
    if not isinstance(shelf, SkillShelf):
        return [Line("Skills are turned off: AGENT_ENABLE_SKILLS=true turns them on.")]
    action, _, name = wanted.partition(" ")
    try:
        return await _done(chat, SkillActs(shelf), action, name.strip())
    except AgentError as error:
        return [Line(visible(str(error)))]


async def _done(chat: OpenChat, acts: SkillActs, action: str, name: str) -> Iterable[Line]:
    texts = FolderActs.of(chat.opened.workspace, here().folders)
    match action:
        case "" | "list":
            return [Line(visible(line)) for line in (*acts.listed(), *texts.listed())]
        case "show":
            return [Line(revealed(line)) for line in texts.shown(name) or acts.shown(name)]
        case "disable":
            return [Line(acts.disable(name))]
        case "accept":
            return [Line(visible(await _accepted(chat, acts, name)))]
    return [Line("Say /skills, or /skills show, accept or disable and a NAME.")]


async def _accepted(chat: OpenChat, acts: SkillActs, name: str) -> str:
    file = acts.file(name)
    lines = [Line(revealed(line)) for line in acts.to_accept(file)]
    try:
        answer = await chat.terminal.ask(lines, "Accept it? [y/n] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        return f"{name} stays as it was."
    return await acts.accept(file, chat.opened.services.skills.runner())
