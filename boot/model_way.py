"""The way to a model: which server, which model, and the rings around the gateway to it.

plug-ins ─► no circles ─► retrying ─► calls written as text ─► OpenAI-compatible ─► server
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from boot.plugins import Plugins
from boot.settings import Settings
from core.errors import GatewayUnavailable
from core.protocols import Gateway
from core.values import value
from gate.discovery import NoServer, discover
from gate.openai_compatible import OpenAICompatibleGateway
from gate.repetition import RepetitionGuard
from gate.retrying import RetryingGateway
from gate.text_calls import TextCallGateway

Kind = Literal["server", "server or offline", "offline", "gemini"]
START_ONE = "Start one (LM Studio, Ollama, llama-server, vLLM) or name it with --url."


async def _nothing_to_close() -> None: ...


@value
class ModelWay:
    gateway: Gateway
    model: str
    place: str
    """URL of the server, or what stands in its place; for people."""
    window_tokens: int | None = None
    close: Callable[[], Awaitable[None]] = _nothing_to_close
    notices: tuple[str, ...] = ()


async def way_to_model(settings: Settings, kind: Kind, plugins: Plugins) -> ModelWay:
    """Find it; a server whose URL and model are both set is not asked anything yet.

    Raises:
        ConfigError: it is not clear which model is meant, or a key is missing.
        GatewayError: no server, or one that refuses.
    """
    if kind == "gemini":
        return _gemini(settings, plugins)
    if kind == "offline":
        return _offline(plugins)
    found = await discover(settings.model_url or None, api_key=settings.api_key, model=settings.model or None)
    if isinstance(found, NoServer):
        if kind == "server":
            raise GatewayUnavailable(
                str(found), hint=f"{START_ONE} --offline tries the tools without a model."
            )
        return _offline(plugins, f"{found} {START_ONE} Until then built-in rules answer.")
    server = OpenAICompatibleGateway(
        found.url, found.model, api_key=settings.api_key, temperature=settings.temperature
    )
    return ModelWay(
        gateway=_ringed(server, plugins),
        model=found.model,
        place=found.url,
        window_tokens=found.window_tokens,
        close=server.close,
    )


def _gemini(settings: Settings, plugins: Plugins) -> ModelWay:
    from gate.gemini import GEMINI_PROFILE, gemini_gateway

    server = gemini_gateway(
        settings.gemini_api_key,
        model=settings.gemini_model,
        url=settings.gemini_url,
        temperature=settings.temperature,
    )
    return ModelWay(
        gateway=_ringed(server, plugins),
        model=settings.gemini_model,
        place=settings.gemini_url,
        window_tokens=GEMINI_PROFILE.window_tokens,
        close=server.close,
    )


def _offline(plugins: Plugins, *notices: str) -> ModelWay:
    from gate.offline import OfflineGateway

    gateway = plugins.applied("roost.gateways", OfflineGateway())
    return ModelWay(gateway=gateway, model="offline", place="built-in rules", notices=notices)


def _ringed(server: OpenAICompatibleGateway, plugins: Plugins) -> Gateway:
    guarded = RepetitionGuard(RetryingGateway(TextCallGateway(server)))
    return plugins.applied("roost.gateways", guarded)
