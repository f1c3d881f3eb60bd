"""What a session may have or lack: a plan, skills, an index of code, a memory.

Each is one value that says what it gives and when, and a line in `session_features`.

    serve ─► tools are made ─► session is made: head (of a new one), notes ─► notices ─► … ─► aclose
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from boot.code import SessionCode
from boot.opening import Opening
from boot.project import PlanToCome, followed_plan
from boot.remembering import session_memory
from boot.skills import session_skills, skill_head, skill_notes, skill_notices, skill_shelf
from core.events import Record
from core.policies import NoteSource
from core.tools import Toolbox, ToolServices
from core.values import value
from flow.permission import Permissions
from flow.pinned import PinnedNotes
from store.session_log import SessionLog

if TYPE_CHECKING:
    from boot.project import SessionPlan


@value
class Begun:
    """What is known of a session when it begins."""

    log: SessionLog
    toolbox: Toolbox
    earlier: Sequence[Record]


def _no_news(begun: Begun) -> NoteSource | None:
    return None


def _nothing_said(begun: Begun) -> str:
    return ""


def _nothing_to_know(begun: Begun) -> Sequence[str]:
    return ()


async def _nothing_open() -> None:
    """There is nothing to close."""


@value
class Feature:
    serve: Callable[[ToolServices], ToolServices]
    """Gives tools what they work with."""
    head: Callable[[Begun], str] = _nothing_said
    """What the first user message of a new session begins with."""
    notes: Callable[[Begun], NoteSource | None] = _no_news
    """Who may have news for the model; asked for once, before anything is told."""
    notices: Callable[[Begun], Sequence[str]] = _nothing_to_know
    """What a person should know."""
    aclose: Callable[[], Awaitable[None]] = _nothing_open


@value
class Features:
    each: Sequence[Feature]
    plan: "SessionPlan | None"
    """The plan that the model works by: a full window and a planner speak of it too."""

    def served(self, services: ToolServices) -> ToolServices:
        for feature in self.each:
            services = feature.serve(services)
        return services

    def head(self, begun: Begun) -> list[str]:
        return [said for feature in self.each if (said := feature.head(begun))]

    def notes(self, begun: Begun) -> list[NoteSource]:
        return [source for feature in self.each if (source := feature.notes(begun))]

    def notices(self, begun: Begun) -> Iterator[str]:
        for feature in self.each:
            yield from feature.notices(begun)


def session_features(around: Opening, permissions: Permissions, services: ToolServices) -> Features:
    """Those that are wanted and there, in the order in which a model reads of them."""
    settings = around.settings
    plan = _plan_of(around, services) if settings.enable_project else None
    each = (
        _plan(plan) if plan else None,
        _skills(around, services) if settings.enable_skills else None,
        _code(around),
        _memory(around, permissions) if settings.enable_memory else None,
    )
    return Features(each=tuple(filter(None, each)), plan=plan)


def _plan_of(around: Opening, services: ToolServices) -> "SessionPlan":
    find = partial(followed_plan, around.workspace, around.folders, services.active)
    return find() or PlanToCome(find)


def _plan(plan: "SessionPlan") -> Feature:
    if isinstance(plan, PlanToCome):
        return Feature(serve=lambda services: services, notes=lambda begun: plan)

    def notes(begun: Begun) -> NoteSource:
        plan.has_tool = "project" in begun.toolbox.names()
        return plan

    return Feature(serve=lambda services: replace(services, project=plan), notes=notes)


def _skills(around: Opening, services: ToolServices) -> Feature:
    shelf = skill_shelf(around.workspace, around.folders, around.settings)
    skills = session_skills(shelf, services, around.folders)
    return Feature(
        serve=lambda services: replace(services, skills=skills),
        head=lambda begun: skill_head(skills, begun.log.header),
        notes=lambda begun: skill_notes(skills, begun.toolbox, begun.log.header.tools, begun.earlier),
        notices=lambda begun: skill_notices(shelf, skills, begun.toolbox),
    )


def _code(around: Opening) -> Feature:
    code = SessionCode(around.folders.cache / "code", around.workspace)
    return Feature(serve=lambda services: replace(services, code_index=code.index), aclose=code.aclose)


def _memory(around: Opening, permissions: Permissions) -> Feature:
    memory = session_memory(around, permissions)

    def notes(begun: Begun) -> NoteSource:
        memory.session = begun.log.session
        return PinnedNotes(begun.log.records)

    return Feature(
        serve=lambda services: replace(services, memory=memory),
        head=lambda begun: memory.head(begun.log.header.profile.size),
        notes=notes,
        notices=lambda begun: memory.notices,
        aclose=memory.aclose,
    )
