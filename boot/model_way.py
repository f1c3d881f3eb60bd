"""The way to a model: which one, on which server, and which rings are around all of them.

a server that is set, or found ─┐
no answer? one of the fallbacks ┴─► ways to these servers ─► the one that is there ◄─ plug-ins ◄─ request
"""

from dataclasses import replace
from functools import partial
from typing import Literal

from boot.known_servers import KnownServers
from boot.models import served_model
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.server_way import ModelWay, guarded, way_to_server
from boot.settings import Settings
from core.endpoint import ServerFacts
from core.errors import GatewayUnavailable
from core.events import ModelSwitched
from gate.discovery import BUSY_SECONDS, LOCAL_SECONDS, Endpoint, NoServer, Recall, discover
from gate.manner import manner_for

Kind = Literal["server", "server or offline", "offline", "gemini"]
FAMILIES = Profiles()
START_ONE = "Start one (./runsv.sh or `roost serve`, LM Studio, Ollama, vLLM) or name it with --url."


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
    if preferred and preferred.model == settings.model and (settings.model_url or not preferred.place):
        preferred = None
    if preferred and preferred.model == settings.gemini_model and settings.gemini_api_key:
        return gemini_way(settings, plugins)
    recall = KnownServers(plugins.cache / "servers").recall
    found, notices = await _found(settings, preferred, recall)
    if isinstance(found, Endpoint):
        way = way_to(found, settings, plugins, profiles)
        return replace(way, notices=(*notices, *way.notices))
    if kind == "server":
        raise GatewayUnavailable(str(found), hint=f"{START_ONE} --offline tries the tools without a model.")
    return offline_way(plugins, f"{found} {START_ONE} Until then built-in rules answer.")


async def _found(
    settings: Settings, preferred: ModelSwitched | None, recall: Recall
) -> tuple[Endpoint | NoServer, tuple[str, ...]]:
    """What is to be asked, and what a person is told of how it was found."""
    finding = partial(_looked_for, replace(settings, fallback_urls=""), preferred, recall)
    if not settings.fallback_urls:
        return await finding(), ()
    from boot.fallbacks import first_there

    return await first_there(finding, settings, preferred.model if preferred else settings.model, recall)


async def _looked_for(
    settings: Settings, preferred: ModelSwitched | None, recall: Recall
) -> Endpoint | NoServer:
    if preferred:
        for seconds in (LOCAL_SECONDS, BUSY_SECONDS):  # the second time only the silent ones take longer
            if there := await served_model(
                settings, preferred.model, preferred.place, recall=recall, seconds=seconds
            ):
                return there
    return await discover(
        settings.model_url or None, api_key=settings.api_key, model=settings.model or None, recall=recall
    )


def way_to(found: Endpoint, settings: Settings, plugins: Plugins, profiles: Profiles) -> ModelWay:
    """The way to a model that is known already. What its server said is kept for the next start.

    Raises:
        ConfigError: a server that is set to stand in for it may not.
    """
    if settings.fallback_urls:
        from boot.fallbacks import ringed

        way = ringed(found, settings, plugins, profiles)
    else:
        way = way_to_server(found, settings, plugins, profiles)
    return replace(way, gateway=plugins.applied("roost.gateways", way.gateway))


def gemini_way(settings: Settings, plugins: Plugins) -> ModelWay:
    from gate.gemini import GEMINI_CONSTRAINS, GEMINI_PROFILE, gemini_gateway

    server = gemini_gateway(
        settings.gemini_api_key,
        model=settings.gemini_model,
        url=settings.gemini_url,
        manner=manner_for(GEMINI_PROFILE, temperature=settings.temperature),
    )
    return ModelWay(
        gateway=plugins.applied("roost.gateways", guarded(server, GEMINI_PROFILE)),
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
