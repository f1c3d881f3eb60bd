"""`roost plan`: a plan made with the model, which only reads; a person edits it and takes it."""

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from boot.layers import Loaded, here
from boot.opening import NOBODY_THERE, Choice, People
from boot.planning import carried_out, keep_draft, person_here, require_no_other, take
from boot.project import project_file
from boot.wiring import Opened, open_session
from core.errors import ConfigError
from core.project import Project, Stage
from core.project_form import written
from core.project_store import ProjectStore
from core.visible import visible
from flow.planner import Planner
from flow.server_ways import ServerWays
from servr.headless import Progress

if TYPE_CHECKING:
    from servr.terminal import ChatPeople


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("goal", nargs="?", metavar="GOAL", help="what is wanted, in one word; without it the draft goes on")
    add("--yes", action="store_true", help="take the plan as the model wrote it")
    add("--json", action="store_true", help="print the plan as JSON; nobody is asked")
    add("--replace", action="store_true", help="also where a plan is being carried out; it is kept beside")
    add("--model", metavar="NAME", help="model to ask (AGENT_MODEL)")
    add("--url", dest="model_url", metavar="URL", help="its server (AGENT_MODEL_URL)")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    """What is printed is the plan; what happens meanwhile is told on stderr."""
    person = None if given.yes or given.json else person_here(loaded)
    return carried_out(_planned(given, loaded, person), person)


async def _planned(given: argparse.Namespace, loaded: Loaded, person: "ChatPeople | None") -> int:
    file = project_file(loaded.workspace, here().folders)
    draft = _draft(given, file)
    require_no_other(file, replace=given.replace or draft is not None)
    plan, is_taken = await _with_model(given, loaded, file, draft, person)
    if given.json:
        sys.stdout.write(written(plan))
    if is_taken:
        _tell(f"The plan is taken: {file.name}. roost project next does its first task.")
    else:
        _tell(f"The plan is a draft: {file.name}. roost plan goes on with it, roost plan --yes takes it.")
    return 0


def _draft(given: argparse.Namespace, file: ProjectStore) -> Project | None:
    """The plan that was left as a draft, if no goal is given. Raises ConfigError when there is none."""
    if given.goal and given.goal.strip():
        return None
    plan = file.load()
    if plan is None or plan.stage is not Stage.PLANNING:
        raise ConfigError("There is no draft to go on with.", hint='Say the goal: roost plan "…".')
    return plan


async def _with_model(
    given: argparse.Namespace,
    loaded: Loaded,
    file: ProjectStore,
    draft: Project | None,
    person: "ChatPeople | None",
) -> tuple[Project, bool]:
    """The plan, and whether it was taken."""
    if draft and (given.yes or given.json):
        return (take(file, draft), True) if given.yes else (draft, False)
    settings = replace(loaded.settings, permission="plan")
    people = People(approver=person.approver, asker=person.asker) if person else NOBODY_THERE
    async with open_session(settings, Choice(), people) as opened:
        _begin(opened)
        if person:
            person.terminal.settle = opened.session.drained
        planner = Planner(opened.session, ServerWays(opened.server))
        plan = draft or await planner.draft(given.goal.strip())
        if draft is None:
            keep_draft(file, plan)
        if given.yes:
            return take(file, plan), True
        if given.json:
            return plan, False
        taken = await _asked(planner, person, file, plan)
        return (take(file, taken), True) if taken else (file.load() or plan, False)


def _begin(opened: Opened) -> None:
    for notice in opened.notices:
        _tell(notice)
    if opened.plan:
        opened.plan.silent = True  # it is about another one
    opened.session.subscribe(Progress(sys.stderr))


async def _asked(
    planner: Planner, person: "ChatPeople | None", file: ProjectStore, plan: Project
) -> Project | None:
    """What the person takes; with nobody at a terminal the plan is only shown."""
    from servr.terminal.editor import edited
    from servr.terminal.planning import PlanTalk, draft_lines

    if person is None:
        for line in draft_lines(plan):
            sys.stdout.write(line.text + "\n")
        return None
    talk = PlanTalk(person.terminal, planner.again, lambda new: keep_draft(file, new), edited)
    return await talk.taken(plan)


def _tell(text: str) -> None:
    sys.stderr.write(f"roost: {visible(text)}\n")
