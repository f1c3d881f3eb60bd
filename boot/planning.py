"""What it takes to make a plan and to carry it out: sessions of their own, a sandbox, a runner, a person."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from boot.opening import Choice, People
from boot.paths import Folders
from boot.permissions import permissions_for
from boot.project import project_file, runner_locks
from boot.sandbox_choice import sandbox_for
from boot.settings import Settings
from boot.shown import screen
from boot.wiring import open_session
from core.errors import PlanRefused
from core.masking import Masking
from core.project import Project, Stage, at_stage
from core.project_store import ProjectStore
from core.protocols import Reader
from core.values import value
from flow.acceptance import Acceptance
from flow.plan_desk import PlanDesk
from flow.project_review import ProjectReview
from flow.project_runner import MOST_TRIES, ProjectRunner
from flow.sessions import Session
from flow.task_tries import Workplace
from servr.headless import stopped_by_signals

if TYPE_CHECKING:
    from servr.terminal import ChatPeople
    from servr.terminal.terminal import Terminal

T = TypeVar("T")
INTERRUPTED = 130


@value
class Where:
    """A workspace, and whoever works there."""

    settings: Settings
    workspace: Path
    folders: Folders
    masking: Masking
    people: People = People()
    choice: Choice = Choice()
    terminal: "Terminal | None" = None
    """Where those people are."""
    shows_replies: bool = False
    """Whether what the model says is shown there."""


def person_here() -> "ChatPeople | None":
    """Whoever sits at the terminal of a command; None where input or output is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    from servr.terminal.chat import people_at
    from servr.terminal.lines import EditedLines
    from servr.terminal.terminal import Terminal

    return people_at(Terminal(screen(), EditedLines()))


def carried_out(work: Awaitable[int], person: "ChatPeople | None") -> int:
    """The exit code of `work`, which Ctrl-C and SIGTERM end."""

    async def stoppable() -> int:
        task = asyncio.ensure_future(person.terminal.interruptible(work) if person else work)
        with stopped_by_signals(task):
            return await task

    from servr.terminal.lines import Interrupted

    try:
        return asyncio.run(stoppable())
    except (asyncio.CancelledError, Interrupted):
        return INTERRUPTED


def require_no_other(file: ProjectStore, *, replace: bool) -> None:
    """Raises PlanRefused when a plan that is being carried out would be replaced unasked."""
    before = file.load()
    if before is not None and before.stage in (Stage.EXECUTING, Stage.REVIEWING) and not replace:
        said = f"There is a plan already, which is {before.stage}: {before.goal[:200]!r}."
        raise PlanRefused(said, hint="--replace puts a new one in its place, and keeps it beside that.")


def keep_draft(file: ProjectStore, plan: Project) -> None:
    """A first draft in the place of what was there before, or the next one of it."""
    before = file.load()
    if before is not None and before.stage is Stage.PLANNING and before.goal == plan.goal:
        file.change(lambda _: plan)
    else:
        file.begin(plan)


def take(file: ProjectStore, plan: Project) -> Project:
    """The plan is accepted: it is carried out from now on."""
    return file.change(lambda _: at_stage(plan, Stage.EXECUTING)).after


@contextmanager
def runner_at(
    where: Where, tell: Callable[[str], None], reader: Reader, most_tries: int = MOST_TRIES
) -> Iterator[ProjectRunner]:
    """Somebody who carries out the plan of a workspace, under a name that others see for as long."""
    locks = runner_locks(where.workspace, where.folders)
    with locks.enter() as name:
        desk = PlanDesk(project_file(where.workspace, where.folders), name, tell, where.shows_replies)
        review = ProjectReview(desk, partial(acceptance, where))
        yield ProjectRunner(desk, locks, review, partial(workplace, where, reader), most_tries)


@asynccontextmanager
async def workplace(where: Where, reader: Reader) -> AsyncIterator[Workplace]:
    """A fresh session that is about one task: nothing else of the plan is told in it."""
    async with open_session(where.settings, where.choice, where.people) as opened:
        if opened.plan:
            opened.plan.silent = True
        opened.session.subscribe(reader)
        executor = opened.session.loop.executor
        checks = Acceptance(
            opened.services.sandbox, executor.permission, executor.approver, where.workspace, where.masking
        )
        with _shown_first(opened.session, where.terminal):
            yield Workplace(opened.session, checks, opened.models.window_tokens)


@contextmanager
def _shown_first(session: Session, terminal: "Terminal | None") -> Iterator[None]:
    """A question about a session comes after what led to it."""
    if terminal is None:
        yield
        return
    before, terminal.settle = terminal.settle, session.drained
    try:
        yield
    finally:
        terminal.settle = before


@asynccontextmanager
async def acceptance(where: Where) -> AsyncIterator[Acceptance]:
    """What checks run in where no model is asked."""
    held = await sandbox_for(where.settings, where.workspace, where.folders)
    try:
        permissions, _ = permissions_for(
            where.settings,
            where.workspace,
            where.folders,
            isolated=held.backend.isolated,
            has_person=where.people.can_approve,
        )
        yield Acceptance(held.backend, permissions, where.people.approver, where.workspace, where.masking)
    finally:
        await held.backend.aclose()
