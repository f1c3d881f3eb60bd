"""Joins the parts: from settings to a session that is ready to be spoken to.

settings ─► way to the model ──────────┐
         ─► services ─► tools ─────────┼─► loop ─► session ◄─ log (new, or taken up again)
         ─► rules ────► permissions ───┘
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from boot.calibrate.kept import Calibrations
from boot.layers import here
from boot.masking import masking_of, secret_values
from boot.model_switch import SessionModels
from boot.model_way import Kind, ModelWay, way_to_model
from boot.paths import Folders, artifacts_folder, checkout_folder, user_folders, workspace_folder
from boot.permissions import permissions_for
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.resuming import earlier_log, hand_over, last_model, take_up
from boot.sandbox_choice import sandbox_for
from boot.session_files import SessionFiles
from boot.settings import Settings
from boot.toolbox import bounded, toolbox_for
from boot.window import window_policy
from core.events import Event, NoteAdded, Record, TurnStarted
from core.messages import UserMessage
from core.policies import Approver, Policies
from core.profile import ActiveProfile, ModelProfile
from core.protocols import ModelSwitch
from core.tools import Asker, ToolServices
from core.values import utc_now, value
from core.web import WebRules
from core.workspace import Workspace
from flow.completion import TurnReview
from flow.executor import ToolExecutor
from flow.instructions import InstructionNotes, instruction_chars, session_head
from flow.loops import AgentLoop
from flow.masking import MaskedEvents
from flow.nobody import Nobody
from flow.notes import NotedContext, Steering
from flow.prompts import prompt
from flow.repair import ReplyRepair
from flow.sessions import Session
from gate.web import DirectWebClient
from store.session_log import SessionHeader, SessionLog
from store.sessions import Sessions, new_session_id
from tool.registry import Registry, offered

if TYPE_CHECKING:
    from flow.undo import Undo

NOBODY = Nobody()


@value
class People:
    """Who is there: to say yes, and to answer the model's questions."""

    approver: Approver = NOBODY
    asker: Asker = NOBODY

    @property
    def can_approve(self) -> bool:
        return self.approver is not NOBODY


@value
class Choice:
    """Which session, and which model, beside what the settings say."""

    newest: bool = False
    """Go on with the newest session of the workspace."""
    resume: str | None = None
    """Go on with the session of this id, or of an id that begins so."""
    model: Kind = "server"
    last_model: bool = False
    """Go on with the model that the session used last, if it is still there, whatever the settings say."""


NEW_SESSION, NOBODY_THERE = Choice(), People()


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
    notices: tuple[str, ...] = ()


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
    folders = user_folders(os.environ)
    workspace = workspace_folder(settings.workspace, Path.cwd(), checkout_folder())
    plugins = Plugins(folders.cache)
    masking = masking_of(settings, here())
    async with AsyncExitStack() as stack:
        if log := earlier_log(Sessions(folders.sessions), workspace, choice.resume, newest=choice.newest):
            stack.callback(log.close)
        profiles = Profiles(
            own=folders.config / "profiles",
            learn=Calibrations(folders.calibrations).learned,
            begun=log.header if log else None,
        )
        earlier = tuple(log.records()) if log else ()
        last = last_model(log.header, earlier) if log else None
        preferred = last if choice.last_model else None
        way = await way_to_model(settings, choice.model, plugins, profiles, preferred=preferred)
        stack.push_async_callback(way.close)
        held = await sandbox_for(settings, workspace, folders)
        sandbox = held.backend
        stack.push_async_callback(sandbox.aclose)
        permissions, warnings = permissions_for(
            settings, workspace, folders, isolated=sandbox.isolated, has_person=people.can_approve
        )
        services = ToolServices(
            workspace=Workspace(workspace, permissions.forbids),
            artifacts=artifacts_folder(workspace),
            sandbox=sandbox,
            asker=people.asker,
            web=DirectWebClient(),
            web_rules=WebRules(
                private_hosts=tuple(settings.private_hosts.split()),
                forbids=permissions.forbids_host,
                secrets=cache(partial(secret_values, settings, here())),
            ),
            hides=permissions.hides,
            active=ActiveProfile(way.profile),
            masking=masking,
        )
        toolbox = toolbox_for(settings, services, plugins, _told_names(log, way.profile))
        log = log or _new_log(folders, workspace, way, services, toolbox)

        async def tell(event: Event) -> None:
            await session.emit(event)

        files = stack.enter_context(
            closing(SessionFiles(log.session, services.workspace, folders.checkpoints, services.ledger))
        )
        inbox: list[str] = []
        instructions = _instructions(log, earlier, services)
        window = partial(window_policy, log.header, services, tell)
        context = NotedContext(
            window(way), (Steering(inbox), instructions, files.notes), joins=way.profile.alternating_roles
        )
        policies = plugins.applied(
            "roost.policies",
            Policies(
                context=context,
                repair=ReplyRepair(server=lambda: models.way.server),
                permission=permissions,
                completion=TurnReview(),
            ),
        )
        executor = ToolExecutor(
            checkpoints=files.checkpoints,
            toolbox=toolbox,
            permission=policies.permission,
            approver=people.approver,
            bounded=partial(bounded, services),
        )
        session = Session(
            id=log.session,
            log=log,
            head=instructions.told[0],
            inbox=inbox,
            masked=MaskedEvents(masking),
            loop=_loop(log.header, way, toolbox, policies, executor, max_steps=settings.max_steps),
        )
        stack.push_async_callback(session.aclose)
        models = SessionModels(
            way, settings, plugins, profiles, session, log, context, services.active, window
        )
        stack.push_async_callback(models.close)
        notices = [
            *way.notices,
            *held.notices,
            *warnings,
            *take_up(session, log, earlier, files, context),
            *hand_over(session, last, way.model, way.place, wanted=choice.last_model),
        ]
        _subscribe_readers(session, plugins)
        yield Opened(
            session=session,
            workspace=workspace,
            models=models,
            undo=partial(files.undo, session, context),
            model=way.model,
            endpoint=masking.masked(way.place),
            sandbox=sandbox.name,
            notices=tuple(map(masking.masked, (*notices, *plugins.warnings))),
        )


def _told_names(log: SessionLog | None, profile: ModelProfile) -> Sequence[str]:
    """The tools that a model is told of."""
    return [tool.name for tool in log.header.tools] if log else offered(profile)


def _new_log(
    folders: Folders, workspace: Path, way: ModelWay, services: ToolServices, toolbox: Registry
) -> SessionLog:
    now = utc_now()
    session = new_session_id(now, os.urandom(2).hex())
    header = SessionHeader(
        session=session,
        created=now,
        root=str(workspace),
        model=way.model,
        system=system_text(services.profile),
        tools=toolbox.specs(),
        profile=services.profile,
        thinking=services.profile.thinking,
    )
    return SessionLog.create(Sessions(folders.sessions).path_of(workspace, session), header)


def system_text(profile: ModelProfile) -> str:
    return prompt("system", changes=prompt(f"change_by_{profile.edit_format}"))


def _instructions(log: SessionLog, earlier: Sequence[Record], services: ToolServices) -> InstructionNotes:
    """Where a new session begins, or what an earlier one was told."""
    told, as_of, root = list[str](), log.header.created, services.workspace.real_root
    for record in earlier:
        as_of = record.at
        match record.event:
            case TurnStarted(prompt=UserMessage(head=head)) if not told:
                told.append(head)
            case NoteAdded(source="instructions", text=text):
                told.append(text)
            case _:
                pass
    most_chars = instruction_chars(log.header.profile)
    told = told or [session_head(root, today=log.header.created.date(), most_chars=most_chars)]
    as_of_nanoseconds = int(as_of.timestamp() * 1e9)
    return InstructionNotes(root, services.ledger, most_chars, told, as_of_nanoseconds)


def _loop(
    header: SessionHeader,
    way: ModelWay,
    toolbox: Registry,
    policies: Policies,
    executor: ToolExecutor,
    *,
    max_steps: int,
) -> AgentLoop:
    return AgentLoop(
        gateway=way.gateway,
        toolbox=toolbox,
        executor=executor,
        context=policies.context,
        repair=policies.repair,
        completion=policies.completion,
        system=header.system,
        tools=header.tools,
        max_steps=max_steps,
    )


def _subscribe_readers(session: Session, plugins: Plugins) -> None:
    for name, factory in plugins.factories("roost.readers"):
        if reader := plugins.made(name, partial(factory, session.id)):
            session.subscribe(reader)
