"""The model under examination: asked plain questions, and set to work in folders that last one turn."""

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from boot.calibrate.report import Fields
from boot.calibrate.turns import Asked, Turn, turn_of
from boot.server_way import ModelWay
from core.conversation import Conversation
from core.deltas import CallDelta, Delta, ReplyBuilder, TextDelta, ThinkingDelta
from core.errors import ContextOverflow, GatewayError, RequestRejected
from core.events import Event
from core.messages import UserMessage
from core.profile import ActiveProfile, EditFormat
from core.protocols import Gateway, ModelRequest
from core.tools import ToolServices
from core.workspace import Workspace
from flow.completion import TurnReview
from flow.context import WindowPolicy
from flow.executor import ToolExecutor
from flow.loops import AgentLoop
from flow.nobody import Nobody
from flow.permission import Mode, Permissions
from flow.places import Places
from flow.repair import ReplyRepair
from flow.system_prompt import system_text
from flow.unkept import NoCheckpoints
from gate.text_calls import TextCallGateway, ToldToolsGateway
from gate.web import DirectWebClient
from tool.registry import Registry, built_in
from tool.sandbox_none import PlainBackend

MOST_STEPS = 6
MOST_TOKENS = 2_000
"""Of one reply: enough for a model that thinks before it answers, and an end for one that babbles."""
WINDOW_SHARE = 4
"""Nor may a reply take more than a fourth of the window."""
TOOLS = ("list_files", "read_file", "write_file", "edit_file")
"""Those that cannot leave their folder."""


@dataclass
class Examinee:
    way: ModelWay
    nonce: str
    """Makes this exam's long texts unlike those of any other."""
    fields: Fields = field(default_factory=dict)
    """What was learned of it so far."""
    clock: Callable[[], float] = time.perf_counter

    async def window(self) -> int | None:
        """What its server says; None when it says nothing."""
        return (await self.way.live.tokens() if self.way.live else None) or self.way.window_tokens

    async def ask(self, text: str, *, max_tokens: int = MOST_TOKENS) -> Asked:
        """One question without tools.

        Raises:
            GatewayError: the server is gone, or refuses.
        """
        request = ModelRequest(system="", messages=(UserMessage(text=text),), max_tokens=max_tokens)
        builder, first, began = ReplyBuilder(), None, self.clock()
        async with aclosing(self._gateway("").stream(request)) as deltas:
            async for delta in deltas:
                builder.add(delta)
                if first is None and isinstance(delta, TextDelta | ThinkingDelta | CallDelta):
                    first = self.clock() - began
        seconds = self.clock() - began
        return Asked(reply=builder.build(), first_seconds=first or seconds, seconds=seconds)

    async def turn(
        self,
        task: str,
        files: Mapping[str, str],
        *,
        tools: tuple[str, ...] = TOOLS,
        family: str | None = None,
    ) -> Turn:
        """One turn of the real loop with real tools, in a folder with `files` that is gone afterwards.

        `family`: whose way of writing calls the model is told of; empty: it gets them as tools; None: as
        was found out to be best.

        Raises:
            GatewayError: the server is gone. What it only refuses is the outcome of the turn.
        """
        learned = str(self.fields.get("dialect", "")) if self.fields.get("calls") == "text" else ""
        gateway = self._gateway(learned if family is None else family)
        conversation, events = Conversation(), list[Event]()

        async def emit(event: Event) -> None:
            conversation.apply(event)
            events.append(event)

        with _folder_with(files) as folder:
            loop = self._loop(gateway, folder, tools)
            await loop.run_turn(conversation, UserMessage(text=task), emit)
            if gateway.failure:
                raise gateway.failure
            return turn_of(events, _texts(folder))

    def _gateway(self, family: str) -> "_Bounded":
        window = self.way.window_tokens
        most = min(MOST_TOKENS, window // WINDOW_SHARE) if window else MOST_TOKENS
        return _Bounded(_told(self.way.gateway, family) if family else self.way.gateway, most)

    def _loop(self, gateway: Gateway, folder: Path, tools: tuple[str, ...]) -> AgentLoop:
        services = ToolServices(
            workspace=Workspace(folder),
            artifacts=folder / "artifacts",
            sandbox=PlainBackend(),
            asker=Nobody(),
            web=DirectWebClient(),
            active=ActiveProfile(self.way.profile),
        )
        toolbox = Registry(built_in(services, tools))
        places = Places.of(str(folder), str(Path.home()))
        permissions = Permissions(mode=Mode.AUTO_EDIT, isolated=False, has_person=False, places=places)
        edits = next((way for way in get_args(EditFormat) if way in tools), self.way.profile.edit_format)
        system, specs = system_text(replace(self.way.profile, edit_format=edits)), toolbox.specs()
        head = ModelRequest(system=system, messages=(), tools=specs)
        window = WindowPolicy(head=head, window_tokens=self.way.window_tokens)
        return AgentLoop(
            gateway=gateway,
            toolbox=toolbox,
            executor=ToolExecutor(
                toolbox=toolbox, permission=permissions, approver=Nobody(), checkpoints=NoCheckpoints
            ),
            context=window,
            repair=ReplyRepair(),
            completion=TurnReview(),
            system=system,
            tools=specs,
            max_steps=MOST_STEPS,
        )


@dataclass
class _Bounded:
    """Ends replies that are too long, and remembers when the server was gone."""

    inner: Gateway
    most_tokens: int
    failure: GatewayError | None = None

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        most = min(request.max_tokens or self.most_tokens, self.most_tokens)
        try:
            async with aclosing(self.inner.stream(replace(request, max_tokens=most))) as deltas:
                async for delta in deltas:
                    yield delta
        except (RequestRejected, ContextOverflow):
            raise
        except GatewayError as error:
            self.failure = error
            raise


def _told(gateway: Gateway, family: str) -> Gateway:
    from gate.dialects.rendering import TextRendering

    return TextCallGateway(ToldToolsGateway(gateway, TextRendering(family)), family)


@contextmanager
def _folder_with(files: Mapping[str, str]) -> Iterator[Path]:
    with TemporaryDirectory(prefix="roost-exam-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        yield folder


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
