"""`/plan` and `/project`: the plan of the workspace, made, looked at and carried out from within a chat."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from shutil import get_terminal_size

from boot.chat_commands import OpenChat
from boot.layers import here
from boot.masking import masking_of
from boot.models import key_of
from boot.opening import Choice, People
from boot.planning import Where, keep_draft, require_no_other, runner_at, take
from boot.project import project_file
from boot.settings import Settings
from core.errors import AgentError, PlanRefused
from core.project import Project, Stage, Status, find, with_status
from core.project_outline import changes
from core.project_store import ProjectStore
from core.visible import visible
from flow.permission import Mode
from flow.planner import Planner
from flow.project_runner import ProjectRunner
from flow.server_ways import ServerWays
from servr.plan_lines import plan_lines, task_lines
from servr.spans import Line, Style
from servr.terminal.editor import edited
from servr.terminal.people import TerminalApprover, TerminalAsker
from servr.terminal.planning import PlanTalk
from servr.terminal.watching import another_session, writing

NO_PLAN = "There is no plan here. /plan followed by what you want makes one."


async def plan(chat: OpenChat, wanted: str) -> Iterable[Line]:
    """With the model of this chat, which knows what was said before, and can only read meanwhile."""
    file = _file(chat)
    try:
        draft = _draft(file, wanted)
        with _only_reading(chat):
            ways, quietly = ServerWays(chat.opened.server), partial(writing, chat.chat, "the plan")
            planner = Planner(chat.opened.session, ways, quietly)
            made = draft or await planner.draft(wanted)
            if draft is None:
                keep_draft(file, made)
            talk = PlanTalk(chat.terminal, planner.again, partial(keep_draft, file), edited)
            taken = await talk.taken(made)
        if taken is None:
            return [Line("It stays a draft: /plan goes on with it.", Style.DIM)]
        take(file, taken)
    except AgentError as error:
        return [Line(visible(str(error)), Style.BAD)]
    return [Line("The plan is taken. /project next does its first task, next --all all of them.")]


async def project(chat: OpenChat, wanted: str) -> Iterable[Line]:
    first, *rest = wanted.split() or [""]
    try:
        if first == "next":
            return await _carried_out(chat, everything="--all" in rest)
        if first == "check":
            return await _checked(chat, rest[0] if rest else "")
        if first == "set":
            return _set(_file(chat), rest)
        found = _file(chat).load()
        if found is None:
            return [Line(NO_PLAN)]
        return (
            task_lines(found, find(found, first))
            if first
            else plan_lines(found, get_terminal_size().columns - 1)
        )
    except AgentError as error:
        return [Line(visible(str(error)), Style.BAD)]


def _draft(file: ProjectStore, wanted: str) -> Project | None:
    """The one to go on with, where no goal is named."""
    if wanted:
        require_no_other(file, replace=False)
        return None
    found = file.load()
    if found is None or found.stage is not Stage.PLANNING:
        raise PlanRefused(
            "There is no draft to go on with.", hint="Say the goal: /plan followed by what you want."
        )
    return found


@contextmanager
def _only_reading(chat: OpenChat) -> Iterator[None]:
    permissions, followed = chat.opened.permissions, chat.opened.plan
    before, permissions.mode = permissions.mode, Mode.PLAN
    if followed:
        followed.silent = True  # what the model writes need not be told to it, draft after draft
    try:
        yield
    finally:
        if followed:
            followed.silent = False
        if permissions.mode is Mode.PLAN:  # the person may have chosen another one meanwhile
            permissions.mode = before


async def _carried_out(chat: OpenChat, *, everything: bool) -> Iterable[Line]:
    with _runner(chat) as runner:
        await (runner.all() if everything else runner.next())
        return plan_lines(runner.desk.project(), get_terminal_size().columns - 1)


async def _checked(chat: OpenChat, task_id: str) -> Iterable[Line]:
    with _runner(chat) as runner:
        project = runner.desk.project()
        if task_id:
            await runner.review.tasks([find(project, task_id)])
        else:
            await runner.review.pending()
        return plan_lines(runner.desk.project(), get_terminal_size().columns - 1)


def _set(file: ProjectStore, words: Sequence[str]) -> Iterable[Line]:
    """`/project set 3 done`."""
    if len(words) != 2 or words[1] not in list(Status):
        raise PlanRefused(f"/project set TASK STATUS, which is one of {', '.join(Status)}.")
    task_id, status = words
    done = file.change(lambda plan: with_status(plan, task_id, Status(status)))
    said = changes(done.before, done.after) or "Nothing has changed: it was so already."
    return [Line(visible(line)) for line in said.splitlines()]


@contextmanager
def _runner(chat: OpenChat) -> Iterator[ProjectRunner]:
    """Works at this terminal, with the model that has the floor here, in the mode of this chat."""
    screen = chat.terminal.screen

    def tell(text: str) -> None:
        screen.show(Line(visible(line), Style.STRONG) for line in text.splitlines())

    opened = chat.opened
    settings, choice = same_model(chat.loaded.settings, opened.models.model, opened.models.place)
    settings = replace(settings, permission=opened.permissions.mode.value)
    where = Where(
        settings=settings,
        workspace=opened.workspace,
        folders=here().folders,
        masking=masking_of(chat.loaded.settings, here()),
        people=People(approver=TerminalApprover(chat.terminal), asker=TerminalAsker(chat.terminal)),
        terminal=chat.terminal,
        shows_replies=True,
        choice=choice,
    )
    with another_session(chat.chat) as reader, runner_at(where, tell, reader) as runner:
        yield runner


def same_model(settings: Settings, model: str, place: str) -> tuple[Settings, Choice]:
    """What leads another session to this model at this place."""
    if model == "offline":
        return settings, Choice(model="offline")
    if place == settings.gemini_url:
        return settings, Choice(model="gemini")
    key, _ = key_of(settings, place)
    return replace(settings, model=model, model_url=place, api_key=key), Choice(model="server")


def _file(chat: OpenChat) -> ProjectStore:
    return project_file(chat.opened.workspace, here().folders)
