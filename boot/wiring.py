"""Joins the parts: from settings to a session that is ready to be spoken to.

settings ─► opening ─┬─► way to the model ──────────────┐
                     ├─► rules ────► permissions ───────┼─► loop ─► session ◄─ log (new, or taken up again)
                     └─► services ─┬─► features ────────┤
                                   ├─► tools ───────────┤
                                   └─► what is told ────┘

Services of tools stand in `boot/services.py`, what a session may have or lack in `boot/features.py`, what a
model is told in `boot/telling.py`, tools in `boot/toolbox.py`.
"""

import gc
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from boot.calibrate.kept import Calibrations
from boot.features import Begun, Features, session_features
from boot.model_switch import SessionModels
from boot.model_way import way_to_model
from boot.opening import NEW_SESSION, NOBODY_THERE, Choice, Opening, People, opening
from boot.permissions import permissions_for
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.resuming import Earlier, earlier_session, hand_over, take_up
from boot.sandbox_choice import sandbox_for
from boot.server_way import ModelWay
from boot.services import tool_services
from boot.session_files import SessionFiles
from boot.settings import Settings
from boot.skills import with_skills
from boot.telling import instruction_notes
from boot.toolbox import bounded, toolbox_for
from boot.window import window_policy
from core.endpoint import ServerFacts
from core.events import Event
from core.policies import NoteSource, Policies
from core.protocols import ModelSwitch
from core.tools import Toolbox, ToolServices
from core.values import utc_now, value
from flow.completion import TurnReview
from flow.executor import ToolExecutor
from flow.loops import AgentLoop
from flow.masking import MaskedEvents
from flow.notes import NotedContext, Steering
from flow.permission import Permissions
from flow.repair import ReplyRepair
from flow.sessions import Session
from flow.system_prompt import system_text
from store.session_log import SessionHeader, SessionLog
from store.sessions import Sessions, new_session_id
from tool.registry import offered

if TYPE_CHECKING:
    from boot.project import SessionPlan
    from flow.undo import Undo

__all__ = ["NEW_SESSION", "Choice", "Opened", "People", "open_session"]


@value
class Opened:
    """A session, and what a person should know of it."""

    session: Session
    workspace: Path
    models: ModelSwitch
    undo: "Callable[[], Undo]"
    model: str
    endpoint: str
    sandbox: str
    services: ToolServices
    """What its tools work with."""
    permissions: Permissions
    """What may run, in a mode that may be set meanwhile."""
    server: Callable[[], ServerFacts | None]
    """What is known of the server that is asked now."""
    plan: "SessionPlan | None" = None
    """The plan its model works by."""
    notices: tuple[str, ...] = ()


@value
class Parts:
    """All that a session is joined from."""

    around: Opening
    earlier: Earlier
    profiles: Profiles
    way: ModelWay
    permissions: Permissions
    services: ToolServices
    features: Features
    begun: Begun
    files: SessionFiles
    notices: Sequence[str]
    """What came up on the way here."""


@asynccontextmanager
async def open_session(
    settings: Settings, choice: Choice = NEW_SESSION, people: People = NOBODY_THERE
) -> AsyncIterator[Opened]:
    """A session that is ready for `opened.session.send("…")`; leaving it ends all that it started.

    Raises:
        ConfigError: a setting, a rule or a named session is wrong, or no model can be chosen.
        GatewayError: the model server cannot be reached.
        StoreError: the session's file cannot be written, or another process has it.
    """
    around = opening(settings, choice, people)
    async with AsyncExitStack() as stack:
        parts = await _parts(around, stack)
        session, models, context = _joined(parts)
        stack.push_async_callback(session.aclose)
        stack.push_async_callback(models.close)
        way, earlier, files = parts.way, parts.earlier, parts.files
        notices = [
            *parts.notices,
            *take_up(session, earlier, files, context),
            *hand_over(session, earlier.last_model, way.model, way.place, wanted=choice.last_model),
            *parts.features.notices(parts.begun),
        ]
        _subscribe_readers(session, around.plugins)
        masked = around.masking.masked
        gc.enable()  # a start does without: see boot/entry.py
        yield Opened(
            session=session,
            workspace=around.workspace,
            models=models,
            undo=partial(files.undo, session, context),
            model=way.model,
            endpoint=masked(way.place),
            sandbox=parts.services.sandbox.name,
            services=parts.services,
            permissions=parts.permissions,
            server=lambda: models.way.server,
            plan=parts.features.plan,
            notices=tuple(map(masked, (*notices, *around.plugins.warnings))),
        )


async def _parts(around: Opening, stack: AsyncExitStack) -> Parts:
    """What `stack` closes is open from here on."""
    settings, choice, people = around.settings, around.choice, around.people
    earlier = earlier_session(Sessions(around.folders.sessions), around.workspace, choice)
    stack.callback(earlier.close)
    profiles = _profiles(around, earlier)
    preferred = earlier.last_model if choice.last_model else None
    way = await way_to_model(settings, choice.model, around.plugins, profiles, preferred=preferred)
    stack.push_async_callback(way.close)
    held = await sandbox_for(settings, around.workspace, around.folders)
    stack.push_async_callback(held.backend.aclose)
    permissions, warnings = permissions_for(
        settings,
        around.workspace,
        around.folders,
        isolated=held.backend.isolated,
        has_person=people.can_approve,
    )
    services = tool_services(around, permissions, held.backend, way.profile)
    features = session_features(around, permissions, services)
    for feature in features.each:
        stack.push_async_callback(feature.aclose)
    services = features.served(services)
    names = offered(way.profile) if earlier.tools is None else earlier.tools
    toolbox = with_skills(toolbox_for(settings, services, around.plugins, names), services)
    log = earlier.log or _new_log(around, way, services, toolbox)
    files = SessionFiles(log.session, services.workspace, around.folders.checkpoints, services.ledger)
    stack.enter_context(closing(files))
    return Parts(
        around=around,
        earlier=earlier,
        profiles=profiles,
        way=way,
        permissions=permissions,
        services=services,
        features=features,
        begun=Begun(log=log, toolbox=toolbox, earlier=earlier.records),
        files=files,
        notices=(*way.notices, *held.notices, *warnings),
    )


def _profiles(around: Opening, earlier: Earlier) -> Profiles:
    return Profiles(
        own=around.folders.config / "profiles",
        learn=Calibrations(around.folders.calibrations).learned,
        begun=earlier.header,
    )


def _new_log(around: Opening, way: ModelWay, services: ToolServices, toolbox: Toolbox) -> SessionLog:
    now = utc_now()
    session = new_session_id(now, os.urandom(2).hex())
    header = SessionHeader(
        session=session,
        created=now,
        root=str(around.workspace),
        model=way.model,
        system=system_text(services.profile),
        tools=toolbox.specs(),
        profile=services.profile,
        thinking=services.profile.thinking,
    )
    return SessionLog.create(Sessions(around.folders.sessions).path_of(around.workspace, session), header)


def _joined(parts: Parts) -> tuple[Session, SessionModels, NotedContext]:
    """The session with its loop, whoever gives its floor to another model, and what its model is shown."""
    around, begun, way, log = parts.around, parts.begun, parts.way, parts.begun.log

    async def tell(event: Event) -> None:
        await session.emit(event)

    inbox, own_commands = list[str](), list[str]()
    instructions = instruction_notes(begun, parts.services, parts.features)
    sources: tuple[NoteSource, ...] = (
        Steering(inbox),
        instructions,
        parts.files.notes,
        *parts.features.notes(begun),
        Steering(own_commands, "own_command"),
    )
    window = partial(window_policy, log.header, parts.services, tell, parts.features.plan)
    context = NotedContext(window(way), sources, joins=way.profile.alternating_roles)
    policies = around.plugins.applied(
        "roost.policies",
        Policies(
            context=context,
            repair=ReplyRepair(server=lambda: models.way.server),
            permission=parts.permissions,
            completion=TurnReview(),
        ),
    )
    session = Session(
        id=log.session,
        log=log,
        head=instructions.told[0],
        inbox=inbox,
        own_commands=own_commands,
        masked=MaskedEvents(around.masking),
        loop=_loop(parts, policies),
    )
    models = SessionModels(
        way,
        around.settings,
        around.plugins,
        parts.profiles,
        session,
        log,
        context,
        parts.services.active,
        window,
    )
    return session, models, context


def _loop(parts: Parts, policies: Policies) -> AgentLoop:
    executor = ToolExecutor(
        checkpoints=parts.files.checkpoints,
        toolbox=parts.begun.toolbox,
        permission=policies.permission,
        approver=parts.around.people.approver,
        bounded=partial(bounded, parts.services),
    )
    return AgentLoop(
        gateway=parts.way.gateway,
        toolbox=parts.begun.toolbox,
        executor=executor,
        context=policies.context,
        repair=policies.repair,
        completion=policies.completion,
        system=parts.begun.log.header.system,
        tools=parts.begun.log.header.tools,
        max_steps=parts.around.settings.max_steps,
    )


def _subscribe_readers(session: Session, plugins: Plugins) -> None:
    for name, factory in plugins.factories("roost.readers"):
        if reader := plugins.made(name, partial(factory, session.id)):
            session.subscribe(reader)
