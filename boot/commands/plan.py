"""`roost plan`: a plan made with the model, which only reads; a person edits it and takes it."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from boot.layers import Loaded, here
from boot.opening import NOBODY_THERE, Choice, People
from boot.planning import carried_out, keep_draft, person_here, require_no_other, take
from boot.project import project_file
from boot.wiring import open_session
from core.errors import ConfigError
from core.project import Project, Stage
from core.project_form import written
from core.project_store import ProjectStore
from core.text import clip
from core.visible import visible
from flow.planner import Planner
from flow.server_ways import ServerWays
from servr.headless import Progress

if TYPE_CHECKING:
    from servr.terminal import ChatPeople


FOUND_CHARS = 2_000
"""Of what the model found out: the plan comes after it."""


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
    person = None if given.yes or given.json else person_here()
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


@dataclass
class _Model:
    """The planner of this start, in a session that is opened when it is first asked."""

    loaded: Loaded
    person: "ChatPeople | None"
    stack: AsyncExitStack
    _planner: Planner | None = None

    async def draft(self, goal: str) -> Project:
        planner = await self._opened()
        plan = await planner.draft(goal)
        found = clip(planner.found, FOUND_CHARS).splitlines()
        sys.stderr.write("".join(f"{visible(line)}\n" for line in found))
        return plan

    async def again(self, plan: Project, words: str) -> Project:
        return await (await self._opened()).again(plan, words)

    async def _opened(self) -> Planner:
        if self._planner is None:
            settings, person = replace(self.loaded.settings, permission="plan"), self.person
            people = People(approver=person.approver, asker=person.asker) if person else NOBODY_THERE
            opened = await self.stack.enter_async_context(open_session(settings, Choice(), people))
            for notice in opened.notices:
                _tell(notice)
            if opened.plan:
                opened.plan.silent = True  # it is about another one
            opened.session.subscribe(Progress(sys.stderr))
            if person:
                person.terminal.settle = opened.session.drained
            self._planner = Planner(opened.session, ServerWays(opened.server), _writing)
        return self._planner


async def _with_model(
    given: argparse.Namespace,
    loaded: Loaded,
    file: ProjectStore,
    draft: Project | None,
    person: "ChatPeople | None",
) -> tuple[Project, bool]:
    """The plan, and whether it was taken."""
    async with AsyncExitStack() as stack:
        model = _Model(loaded, person, stack)
        plan = draft or await model.draft(given.goal.strip())
        if draft is None:
            keep_draft(file, plan)
        if given.yes:
            return take(file, plan), True
        if given.json:
            return plan, False
        taken = await _asked(model, person, file, plan)
        return (take(file, taken), True) if taken else (file.load() or plan, False)


async def _asked(
    model: _Model, person: "ChatPeople | None", file: ProjectStore, plan: Project
) -> Project | None:
    """What the person takes; with nobody at a terminal the plan is only shown."""
    from servr.terminal.editor import edited
    from servr.terminal.planning import PlanTalk, draft_lines

    if person is None:
        for line in draft_lines(plan):
            sys.stdout.write(line.text + "\n")
        return None
    return await PlanTalk(person.terminal, model.again, partial(keep_draft, file), edited).taken(plan)


@contextmanager
def _writing() -> Iterator[None]:
    sys.stderr.write("Writing the plan …\n")
    yield


def _tell(text: str) -> None:
    sys.stderr.write(f"roost: {visible(text)}\n")
