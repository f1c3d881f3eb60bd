"""The way to one server and its model: the rings around the gateway to it.

room for a reply ─► watching ─► no circles ─► retrying ─► out of memory ─┐
┌────────────────────────────────────────────────────────────────────────┘
└─► calls written as text ─► read in advance ─► whoever is there ─┬───────────────────────┐
                                                                  └─ tools told in words ─┤
                     server ◄─┬─ OpenAI-compatible ◄─ how far it has read ◄─ a free slot ◄┘
                              └─ Ollama ◄─────────────┘
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol

from boot.known_servers import KnownServers
from boot.models import key_of
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.settings import Settings
from core.endpoint import ASSUMED_WINDOW, ServedModel, ServerFacts
from core.profile import ModelProfile
from core.protocols import Gateway, ModelRequest, TokenCounter
from core.values import value
from gate.discovery import Endpoint
from gate.following import FollowingGateway, Speech
from gate.hosted import is_hosted
from gate.live_window import LiveWindow, WatchingGateway
from gate.manner import Manner, manner_for
from gate.memory import MemoryGuard
from gate.openai_compatible import OpenAICompatibleGateway
from gate.reading import ReadingGateway
from gate.repetition import RepetitionGuard
from gate.reply_room import ReplyRoom
from gate.retrying import RetryingGateway
from gate.slots import SlotGateway, Slots
from gate.text_calls import TextCallGateway, ToldToolsGateway
from gate.warming import WarmingGateway

if TYPE_CHECKING:
    from gate.dialects.rendering import TextRendering
    from gate.ollama import OllamaGateway

SAY_NO_WINDOW = ("unknown", "transformers serve")
KEEP_NOTHING = ("transformers serve",)
"""These read every prompt from its beginning, whatever they read before."""
NO_WINDOW = (
    f"The server does not name its window: {ASSUMED_WINDOW:,} tokens are assumed. "
    "Set AGENT_WINDOW_TOKENS if you know it."
)


async def _nothing_to_close() -> None: ...


class Asked(Protocol):
    """The server that is asked."""

    @property
    def facts(self) -> ServerFacts | None:
        """What is known of it by now."""
        ...

    async def tokens(self) -> int | None:
        """Its window; None when nobody says."""
        ...


@value
class ModelWay:
    gateway: Gateway
    model: str
    kind: Literal["server", "offline", "gemini"] = "server"
    place: str
    """URL of the server, or what stands in its place; for people."""
    window_tokens: int | None = None
    profile: ModelProfile = ModelProfile()
    live: Asked | None = None
    """Where the window can be asked for once the model has answered; None where it is known for good."""
    counter: TokenCounter | None = None
    """Counts a prompt as its server does; None where there is no such server."""
    warm: Callable[[ModelRequest], None] | None = None
    """Lets the server read a prompt before it is asked; None where that costs money, or is of no use."""
    hosted: ServerFacts | None = None
    """What is known of a server that is not asked about itself."""
    calibrated: bool = False
    """Whether `roost calibrate` has examined this model on this server."""
    close: Callable[[], Awaitable[None]] = _nothing_to_close
    notices: tuple[str, ...] = ()

    @property
    def server(self) -> ServerFacts | None:
        """What is known by now of the server that is asked."""
        return self.live.facts if self.live else self.hosted


def way_to_server(
    found: Endpoint, settings: Settings, plugins: Plugins, profiles: Profiles, *, alone: bool = True
) -> ModelWay:
    """Without the rings of plug-ins; not `alone` where another server is asked instead of a silent one."""
    known = KnownServers(plugins.cache / "servers")
    if found.facts and found.is_sure:
        known.keep(found.facts)
    learned = profiles.learn(found.url, found.model)
    wished = settings.window_tokens or learned.window_tokens
    live = LiveWindow(
        found.url,
        found.model,
        key_of(settings, found.url)[0],
        most_tokens=wished,
        keep=known.keep,
        facts=found.facts,
    )
    hosted = settings.hosted or is_hosted(found.url)
    profile = profiles.profile(found.url, found.model, _window(found, wished), hosted=hosted)

    def speak(facts: ServerFacts | None) -> Speech:
        return _speech(replace(found, facts=facts), live, profile, settings)

    following = FollowingGateway(live, speak)
    warming = WarmingGateway(following)

    async def count(request: ModelRequest) -> int | None:
        return await following.speech.count(request)

    async def close() -> None:
        await warming.close()
        await following.close()

    window = _window(found, wished) or profile.window_tokens
    kind = found.facts.kind if found.facts else "unknown"
    nobody_says = found.facts and kind in SAY_NO_WINDOW and not window
    return ModelWay(
        gateway=guarded(warming, profile, live, alone=alone),
        model=found.model,
        place=found.url,
        window_tokens=window,
        profile=profile,
        live=live,
        counter=count,
        warm=None if profile.hosted or kind in KEEP_NOTHING else warming.warm,
        close=close,
        calibrated=learned.calibrated,
        notices=tuple(filter(None, (NO_WINDOW * bool(nobody_says), learned.warning))),
    )


def _speech(found: Endpoint, live: LiveWindow, profile: ModelProfile, settings: Settings) -> Speech:
    """How the server that is known by now is spoken to."""
    kind = found.facts.kind if found.facts else "unknown"
    manner = manner_for(profile, server=kind, temperature=settings.temperature)
    window = _window(found, live.most_tokens)
    server = (
        _ollama(found, live, window, manner)
        if kind == "Ollama" and window
        else OpenAICompatibleGateway(
            found.url,
            found.model,
            api_key=live.api_key,
            manner=manner,
            key_setting=key_of(settings, found.url)[1],
        )
    )
    slots = Slots(lambda: live.facts.slots if live.facts else None)
    asked: Gateway = SlotGateway(ReadingGateway(server), slots)
    rendering = None
    if _knows_no_tools(profile, found.served):
        from gate.dialects.rendering import TextRendering

        rendering = TextRendering(profile.dialect)
        asked = ToldToolsGateway(asked, rendering)
    words = type(server), manner, rendering is None
    return Speech(gateway=asked, words=words, count=_counter(live, manner, rendering), close=server.close)


def _counter(live: LiveWindow, manner: Manner, rendering: "TextRendering | None") -> TokenCounter:
    async def count(request: ModelRequest) -> int | None:
        from gate.tokens import ServerTokenCounter  # not before the window is nearly full

        shown = rendering.request(request) if rendering else request
        return await ServerTokenCounter(live, manner)(shown)

    return count


def _knows_no_tools(profile: ModelProfile, served: ServedModel | None) -> bool:
    """Whether it is told of its tools in words: its family needs that, or its server says so."""
    return profile.calls == "text" or bool(served and served.tools is False and not profile.hosted)


def _ollama(found: Endpoint, live: LiveWindow, window: int, manner: Manner) -> "OllamaGateway":
    from gate.ollama import OllamaGateway

    thinks = bool(found.served and found.served.thinking)
    return OllamaGateway(found.url, found.model, window, live.api_key, thinks=thinks, manner=manner)


def _window(found: Endpoint, wished: int | None) -> int | None:
    """What the server says, and no more than is wished; on Ollama, what it will be told to load."""
    if found.facts and found.facts.kind == "Ollama":
        from gate.ollama import session_window

        return session_window(found.served or ServedModel(name=found.model), wished)
    told = found.served.window_tokens if found.served else None
    return min((tokens for tokens in (told, wished) if tokens), default=None)


def guarded(
    server: Gateway, profile: ModelProfile, live: LiveWindow | None = None, *, alone: bool = True
) -> Gateway:
    """In the rings that are around every server."""
    spoken: Gateway = TextCallGateway(server, profile.dialect)
    if live and not profile.hosted:
        spoken = MemoryGuard(spoken, live, waits=alone)
    ring: Gateway = RepetitionGuard(RetryingGateway(spoken, asks_silence=alone))
    if live:
        ring = WatchingGateway(ring, live)
    if live and not profile.hosted:
        ring = ReplyRoom(ring, live, thinking=profile.thinking == "always")
    return ring
