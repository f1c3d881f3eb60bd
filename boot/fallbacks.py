"""The servers that stand in for one another: AGENT_MODEL_URL, and behind it those of AGENT_FALLBACK_URLS.

None of the latter is asked anything before it is needed. Then it is asked for its models, and gets the
conversation only if the very same one is among them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import field, replace

from boot.known_servers import KnownServers
from boot.models import key_of, served_model
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.server_way import ModelWay, way_to_server
from boot.settings import Settings
from core.endpoint import ServerFacts
from core.errors import (
    ConfigError,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
    RequestRejected,
    StreamBroken,
)
from core.protocols import Gateway, ModelRequest
from core.records import dataclass
from gate.discovery import Endpoint, NoServer, Recall, candidate_urls, discover
from gate.fallback import FallbackGateway, none_answers, reason
from gate.hosted import is_hosted


async def first_there(
    finding: Callable[[], Awaitable[Endpoint | NoServer]], settings: Settings, model: str, recall: Recall
) -> tuple[Endpoint, tuple[str, ...]]:
    """What is found, or the first fallback that is there, and what to tell of that.

    Raises:
        GatewayUnavailable: none is.
        ConfigError: it is not clear which model is meant, or a fallback may not be asked.
    """
    require_own(settings)
    try:
        found = await finding()
        if isinstance(found, Endpoint):
            return found, ()
        missing = [str(found)]
    except (GatewayUnavailable, RateLimited, StreamBroken) as error:
        missing = [str(error.args[0])]
    for url in settings.fallbacks:
        try:
            there = await stand_in(settings, url, model, recall)
        except GatewayUnavailable as error:
            missing.append(reason(url, error))
        else:
            return there, (f"{' '.join(missing)} Going on with {there.url}.",)
    raise none_answers(missing)


async def stand_in(settings: Settings, url: str, model: str, recall: Recall) -> Endpoint:
    """The model at `url`, which is asked whether it has it; its only one where none is named.

    Raises:
        GatewayUnavailable: it is not there, has no such model, wants another key, or a pause.
        ConfigError: no model is named, and it has several.
    """
    key, setting = key_of(settings, candidate_urls(url)[0])
    try:
        if not model:
            found = await discover(url, api_key=key, recall=recall)
            assert isinstance(found, Endpoint)  # at a URL that is named
            return found
        alone = replace(settings, model_url=url, api_key=key, fallback_urls="")
        there = await served_model(alone, model, recall=recall)
    except GatewayUnavailable:
        raise
    except GatewayError as error:
        question = f" Is {setting} its key?" * isinstance(error, RequestRejected)
        raise GatewayUnavailable(f"{error.args[0]}{question}") from error
    if there is None:
        raise GatewayUnavailable(f"{url} does not list the model {model!r}.")
    return there


def ringed(found: Endpoint, settings: Settings, plugins: Plugins, profiles: Profiles) -> ModelWay:
    """The way to whichever server is there, `found` first.

    Raises:
        ConfigError: one of them is no URL, or is run by others while the first is not.
    """
    require_own(settings)
    others = _others(found.url, settings)
    first = way_to_server(found, settings, plugins, profiles, alone=not others)
    if not others:
        return first
    recall = KnownServers(plugins.cache / "servers").recall

    async def way_at(url: str) -> ModelWay:
        there = await stand_in(settings, url, found.model, recall)
        return way_to_server(there, settings, plugins, profiles, alone=False)

    ring = Ring({found.url: first}, others, way_at)
    return replace(
        first,
        gateway=ring.gateway,
        live=ring,
        counter=ring.count,
        warm=ring.warm if first.warm else None,
        close=ring.close,
    )


@dataclass(eq=False)
class Ring:
    """All that a session asks of its server, asked of the one that answers."""

    ways: dict[str, ModelWay]
    """To the first, and to those of the others that were needed by now."""
    others: tuple[str, ...]
    way_at: Callable[[str], Awaitable[ModelWay]]
    gateway: FallbackGateway = field(init=False)

    def __post_init__(self) -> None:
        (first,) = self.ways
        self.gateway = FallbackGateway((first, *self.others), self._gateway, first)

    async def _gateway(self, url: str) -> Gateway:
        if url not in self.ways:
            way = await self.way_at(url)
            self.ways.setdefault(url, way)  # another request may have been quicker
        return self.ways[url].gateway

    @property
    def asked(self) -> ModelWay:
        return self.ways[self.gateway.asked]

    @property
    def facts(self) -> ServerFacts | None:
        return self.asked.server

    async def tokens(self) -> int | None:
        return await self.asked.live.tokens() if self.asked.live else None

    async def count(self, request: ModelRequest) -> int | None:
        return await self.asked.counter(request) if self.asked.counter else None

    def warm(self, request: ModelRequest) -> None:
        if self.asked.warm:
            self.asked.warm(request)

    async def close(self) -> None:
        for way in self.ways.values():
            await way.close()


def _others(first: str, settings: Settings) -> tuple[str, ...]:
    """In the order in which they are asked, each once, in whatever ways its URL is written."""
    named = [*filter(None, [settings.model_url]), *settings.fallbacks]
    return tuple({candidate_urls(url)[0]: url for url in named if first not in candidate_urls(url)}.values())


def require_own(settings: Settings) -> None:
    """What is said to a server of one's own does not go to somebody else by itself.

    Raises:
        ConfigError: a fallback is no URL, or is run by others while the first server is not.
    """
    may_leave = settings.hosted or _is_hosted(settings.model_url)
    for url in settings.fallbacks:
        if _is_hosted(url) and not may_leave:
            raise ConfigError(
                f"AGENT_FALLBACK_URLS names {url!r}, which others run: what you say to your own server "
                "would go there when that one is not there.",
                hint="Take it out. Where others run the first one, too, AGENT_HOSTED=true says so.",
            )


def _is_hosted(url: str) -> bool:
    return bool(url) and is_hosted(candidate_urls(url)[0])
