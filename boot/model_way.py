"""The way to a model: which server, which model, and the rings around the gateway to it.

plug-ins ─► room for a reply ─► watching ─► no circles ─► retrying ─► out of memory ─┐
┌────────────────────────────────────────────────────────────────────────────────────┘
└─► calls written as text ─► read in advance ─► whoever is there ─┬───────────────────────┐
                                                                  └─ tools told in words ─┤
                     server ◄─┬─ OpenAI-compatible ◄─ how far it has read ◄─ a free slot ◄┘
                              └─ Ollama ◄─────────────┘
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from boot.known_servers import KnownServers
from boot.models import served_model
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.settings import Settings
from core.endpoint import ASSUMED_WINDOW, ServedModel, ServerFacts
from core.errors import GatewayUnavailable
from core.events import ModelSwitched
from core.profile import ModelProfile
from core.protocols import Gateway, ModelRequest, TokenCounter
from core.values import value
from gate.discovery import BUSY_SECONDS, LOCAL_SECONDS, Endpoint, discover
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

Kind = Literal["server", "server or offline", "offline", "gemini"]
SAY_NO_WINDOW = ("unknown", "transformers serve")
KEEP_NOTHING = ("transformers serve",)
"""These read every prompt from its beginning, whatever they read before."""
NO_WINDOW = (
    f"The server does not name its window: {ASSUMED_WINDOW:,} tokens are assumed. "
    "Set AGENT_WINDOW_TOKENS if you know it."
)
FAMILIES = Profiles()
START_ONE = "Start one (./runsv.sh or `roost serve`, LM Studio, Ollama, vLLM) or name it with --url."


async def _nothing_to_close() -> None: ...


@value
class ModelWay:
    gateway: Gateway
    model: str
    kind: Literal["server", "offline", "gemini"] = "server"
    place: str
    """URL of the server, or what stands in its place; for people."""
    window_tokens: int | None = None
    profile: ModelProfile = ModelProfile()
    live: LiveWindow | None = None
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


async def way_to_model(
    settings: Settings,
    kind: Kind,
    plugins: Plugins,
    profiles: Profiles = FAMILIES,
    *,
    preferred: ModelSwitched | None = None,
) -> ModelWay:
    """Find it; a server that is known from before, and named with its model, is not asked anything yet.

    `preferred` gave the floor to a model that is taken before the one that is set, if it can still be asked.

    Raises:
        ConfigError: it is not clear which model is meant, or a key is missing.
        GatewayError: no server, or one that refuses.
    """
    if kind == "gemini":
        return gemini_way(settings, plugins)
    if kind == "offline":
        return offline_way(plugins)
    known = KnownServers(plugins.cache / "servers")
    if preferred and (preferred.model != settings.model or (preferred.place and not settings.model_url)):
        if preferred.model == settings.gemini_model and settings.gemini_api_key:
            return gemini_way(settings, plugins)
        for seconds in (LOCAL_SECONDS, BUSY_SECONDS):  # the second time only the silent ones take longer
            if there := await served_model(
                settings, preferred.model, preferred.place, recall=known.recall, seconds=seconds
            ):
                return way_to(there, settings, plugins, profiles)
    found = await discover(
        settings.model_url or None,
        api_key=settings.api_key,
        model=settings.model or None,
        recall=known.recall,
    )
    if isinstance(found, Endpoint):
        return way_to(found, settings, plugins, profiles)
    if kind == "server":
        raise GatewayUnavailable(str(found), hint=f"{START_ONE} --offline tries the tools without a model.")
    return offline_way(plugins, f"{found} {START_ONE} Until then built-in rules answer.")


def way_to(found: Endpoint, settings: Settings, plugins: Plugins, profiles: Profiles) -> ModelWay:
    """The way to a model that is known already. What its server said is kept for the next start."""
    known = KnownServers(plugins.cache / "servers")
    if found.facts and found.is_sure:
        known.keep(found.facts)
    learned = profiles.learn(found.url, found.model)
    wished = settings.window_tokens or learned.window_tokens
    live = LiveWindow(
        found.url,
        found.model,
        settings.api_key if settings.model_url else "",
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
        gateway=_ringed(warming, profile, plugins, live),
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
        else OpenAICompatibleGateway(found.url, found.model, api_key=live.api_key, manner=manner)
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


def gemini_way(settings: Settings, plugins: Plugins) -> ModelWay:
    from gate.gemini import GEMINI_CONSTRAINS, GEMINI_PROFILE, gemini_gateway

    server = gemini_gateway(
        settings.gemini_api_key,
        model=settings.gemini_model,
        url=settings.gemini_url,
        manner=manner_for(GEMINI_PROFILE, temperature=settings.temperature),
    )
    return ModelWay(
        gateway=_ringed(server, GEMINI_PROFILE, plugins),
        model=settings.gemini_model,
        kind="gemini",
        place=settings.gemini_url,
        window_tokens=GEMINI_PROFILE.window_tokens,
        profile=GEMINI_PROFILE,
        hosted=ServerFacts(url=settings.gemini_url, constrains=GEMINI_CONSTRAINS),
        close=server.close,
    )


def offline_way(plugins: Plugins, *notices: str) -> ModelWay:
    from gate.offline import OfflineGateway

    gateway = plugins.applied("roost.gateways", OfflineGateway())
    return ModelWay(gateway=gateway, model="offline", kind="offline", place="built-in rules", notices=notices)


def _ringed(
    server: Gateway, profile: ModelProfile, plugins: Plugins, live: LiveWindow | None = None
) -> Gateway:
    spoken: Gateway = TextCallGateway(server, profile.dialect)
    if live and not profile.hosted:
        spoken = MemoryGuard(spoken, live)
    guarded: Gateway = RepetitionGuard(RetryingGateway(spoken))
    if live:
        guarded = WatchingGateway(guarded, live)
    if live and not profile.hosted:
        guarded = ReplyRoom(guarded, live, thinking=profile.thinking == "always")
    return plugins.applied("roost.gateways", guarded)
