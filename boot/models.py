"""Which models can be asked: those of the server that is set, or of all on the usual local ports."""

from collections.abc import Callable, Sequence

from boot.settings import Settings
from core.endpoint import ServerFacts
from core.errors import GatewayUnavailable, RateLimited, StreamBroken
from gate.discovery import (
    LOCAL_URLS,
    Endpoint,
    Recall,
    candidate_urls,
    local_servers,
    nothing_known,
    server_facts,
)

PATIENCE_SECONDS = 3.0


def every(name: str) -> bool:
    return True


def key_of(settings: Settings, url: str) -> tuple[str, str]:
    """The key of the server at `url`, none where it is not one that is set; and the setting it stands in."""
    if settings.model_url and url in candidate_urls(settings.model_url):
        return settings.api_key, "AGENT_API_KEY"
    if any(url in candidate_urls(named) for named in settings.fallbacks):
        return settings.fallback_api_key, "AGENT_FALLBACK_API_KEY"
    return "", "AGENT_API_KEY"


async def servers_of(
    settings: Settings,
    *,
    wanted: Callable[[str], bool] = every,
    local_urls: Sequence[str] = LOCAL_URLS,
    recall: Recall = nothing_known,
    seconds: float = PATIENCE_SECONDS,
) -> tuple[tuple[ServerFacts, ...], str]:
    """The servers, and what to say where there is no model. Models that are `wanted` are described in full.

    Local ports have so many `seconds`; what `recall` knows of a server is taken while its list is the same.
    Where the server that is set is not there, the first of its fallbacks that is there is asked.

    Raises:
        ConfigError: a URL that is set is none.
        GatewayError: the server there gives no answer, or refuses this one.
    """
    if not settings.model_url:
        found, nobody = await local_servers(local_urls, wanted=wanted, recall=recall, seconds=seconds)
        return found, str(nobody)
    if not settings.fallbacks:
        return await _servers_at(settings.model_url, settings.api_key, wanted, recall)
    from gate.fallback import none_answers, reason

    missing: list[str] = []
    for named in (settings.model_url, *settings.fallbacks):
        try:
            return await _servers_at(named, key_of(settings, candidate_urls(named)[0])[0], wanted, recall)
        except (GatewayUnavailable, RateLimited, StreamBroken) as error:
            missing.append(reason(named, error))
    raise none_answers(missing)


async def _servers_at(
    named: str, key: str, wanted: Callable[[str], bool], recall: Recall
) -> tuple[tuple[ServerFacts, ...], str]:
    for url in candidate_urls(named):
        facts = await server_facts(url, api_key=key, wanted=wanted, recall=recall)
        if facts is not None:
            return (facts,), f"{url} has no model."
    return (), f"{named} does not say which models it has."


async def served_model(
    settings: Settings,
    name: str,
    url: str = "",
    *,
    local_urls: Sequence[str] = LOCAL_URLS,
    recall: Recall = nothing_known,
    seconds: float = PATIENCE_SECONDS,
) -> Endpoint | None:
    """The model of this very name, described in full, on the server at `url`, else on the first that has it.

    Raises:
        ConfigError, GatewayError: as `servers_of`.
    """
    servers, _ = await servers_of(
        settings,
        wanted=lambda named: named == name,
        local_urls=local_urls,
        recall=recall,
        seconds=seconds,
    )
    having = [facts for facts in servers if any(model.name == name for model in facts.models)]
    facts = min(having, key=lambda facts: facts.url != url, default=None)
    return Endpoint(url=facts.url, model=name, facts=facts) if facts else None
