"""Which server, which model, which window: asked once, before the first request.

A URL and a model need no question where the server is known from an earlier start. One that nobody knows
is looked at for a moment, for on Ollama even the first request is written in other words. A URL alone is
asked for its models. Without a URL the usual local ports are asked, all at once, and nothing but this
question goes to any of them until it has answered as a model server; then it is asked who it is, unless
that is known. Where none that will do has answered in time, the silent get more of it: machines can be busy.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urlsplit

from core.endpoint import ServedModel, ServerFacts
from core.errors import ConfigError, GatewayError, RequestRejected
from core.values import value
from gate.hosted import is_hosted
from gate.patience import patience

if TYPE_CHECKING:
    from gate.capabilities import Wanted
    from gate.site import Json, Page, Site

LOCAL_URLS = tuple(f"http://localhost:{port}/v1" for port in (8000, 11434, 1234, 8080, 30000, 5000))
"""vLLM and others, Ollama, LM Studio, llama-server, SGLang, TabbyAPI."""
LOCAL_SECONDS = 0.3
BUSY_SECONDS = 3.0
"""How long silent ports are asked when there is nobody else who will do."""
LOOK_SECONDS = 1.0
"""How long a first request may be put off to see who will get it."""
ANSWER_SECONDS = 10.0
DETAILS_SECONDS = 3.0

Recall = Callable[[str], ServerFacts | None]
"""What an earlier start found out about a URL."""


@value
class Endpoint:
    """A model that can be asked."""

    url: str
    model: str
    facts: ServerFacts | None = None
    """None when the server was not asked, now or before."""
    is_sure: bool = True
    """Whether it was asked for all that it can tell; else it may turn out to be of another kind."""

    @property
    def served(self) -> ServedModel | None:
        return self.facts.model(self.model) if self.facts else None


@value
class NoServer:
    """No model server answered."""

    tried: tuple[str, ...]
    locked: tuple[str, ...] = ()
    """Those that answered and want a key."""
    silent: tuple[str, ...] = ()
    """Those that did not answer in time."""

    def __str__(self) -> str:
        ports = ", ".join(str(urlsplit(url).port) for url in self.tried)
        said = f"No model server was found on localhost (ports {ports})."
        if self.locked:
            said += f" {self.locked[0]} wants a key: set AGENT_MODEL_URL and AGENT_API_KEY."
        elif self.silent:
            said += f" Somebody listens at {self.silent[0]} and gives no answer; is a model being loaded?"
        return said


def nothing_known(url: str) -> None:
    return None


def _none(name: str) -> bool:
    return False


async def discover(
    url: str | None = None,
    *,
    api_key: str = "",
    model: str | None = None,
    local_urls: Sequence[str] = LOCAL_URLS,
    recall: Recall = nothing_known,
) -> Endpoint | NoServer:
    """The endpoint to use.

    Raises:
        ConfigError: the URL is none, or it is not clear which model is meant.
        GatewayError: the server at `url` gives no answer, or refuses this one.
    """
    if url is None:
        return await _local(model, local_urls, recall)
    candidates = candidate_urls(url)
    if model:
        return await _named(candidates[0], model, api_key, recall)
    for candidate in candidates:
        facts = await server_facts(candidate, api_key=api_key, recall=recall)
        if facts is not None:
            return _endpoint(facts, None)
    raise ConfigError(
        f"{candidates[0]} does not say which models it has.",
        hint="Is it the /v1 URL of a model server? If so, name the model with AGENT_MODEL or --model.",
    )


async def _named(url: str, model: str, api_key: str, recall: Recall) -> Endpoint:
    """A model of this name at `url`. What an earlier start found out is enough; others run what is hosted."""
    if (known := recall(url)) or is_hosted(url):
        return Endpoint(url=url, model=model, facts=known)
    try:
        return await _looked_at(url, model, api_key)
    except TimeoutError:
        return Endpoint(url=url, model=model, facts=ServerFacts(url=url), is_sure=False)
    except GatewayError:  # the first request will say it
        return Endpoint(url=url, model=model)


async def _looked_at(url: str, model: str, api_key: str) -> Endpoint:
    """What a server nobody knows says in one moment: the list of its models, and whether it is an Ollama.

    Whom the list points to is asked his own pages as well. All others are asked after the first reply.
    """
    from gate.listing import OWNERS, models_listed, plain_facts
    from gate.site import Site, text

    async with Site(url, api_key, 2 * LOOK_SECONDS) as site:  # the time for both pages ends earlier
        async with patience(LOOK_SECONDS):
            page, version = await asyncio.gather(site.models(), site.page("api/version"))
        listed = models_listed(url, page) or []
        owners = {text(entry.get("owned_by")) for entry in listed}
        if owners.isdisjoint(OWNERS) and not text(version.json.get("version")):
            return Endpoint(url=url, model=model, facts=plain_facts(url, listed), is_sure=False)
        facts = await _described(site, listed, lambda name: name == model, LOOK_SECONDS / 2)
        return Endpoint(url=url, model=model, facts=facts)


async def local_servers(
    urls: Sequence[str] = LOCAL_URLS,
    *,
    wanted: "Wanted" = _none,
    recall: Recall = nothing_known,
    seconds: float = LOCAL_SECONDS,
) -> tuple[tuple[ServerFacts, ...], NoServer]:
    """The servers that list their models in so many seconds, and what to say if there is none."""
    answers = await asyncio.gather(*(_probe(url, wanted, recall, seconds) for url in urls))
    found = tuple(facts for facts in answers if isinstance(facts, ServerFacts) and facts.models)
    locked, silent = (
        tuple(url for url, answer in zip(urls, answers, strict=True) if answer == kind)
        for kind in ("locked", "silent")
    )
    return found, NoServer(tried=tuple(urls), locked=locked, silent=silent)


async def server_facts(
    url: str,
    *,
    api_key: str = "",
    wanted: "Wanted" = _none,
    recall: Recall = nothing_known,
    seconds: float = ANSWER_SECONDS,
) -> ServerFacts | None:
    """What the server at `url` is; None if it answers, but not as a model server.

    Models that are `wanted` are described also where each has a page of its own. What `recall` answers is
    taken while the list of models is the same. Without a list in so many `seconds` there is no answer; who
    has listed his models and tells no more of them in time is used without knowing that.

    Raises:
        GatewayError: there is no answer, or a refusal.
    """
    from gate.site import Site  # not needed where a server is known

    async with Site(url, api_key, seconds) as site:
        return await _facts(site, await site.models(), wanted, recall, DETAILS_SECONDS)


async def _facts(
    site: "Site", page: "Page", wanted: "Wanted", recall: Recall, seconds: float
) -> ServerFacts | None:
    from gate.listing import models_listed

    listed = models_listed(site.url, page)
    if listed is None:
        return None
    if (known := recall(site.url)) and _still_so(known, listed):
        return known
    return await _described(site, listed, wanted, seconds)


async def _described(site: "Site", listed: "Sequence[Json]", wanted: "Wanted", seconds: float) -> ServerFacts:
    from gate.capabilities import facts_of
    from gate.listing import plain_facts

    with suppress(TimeoutError):
        async with patience(seconds):
            return await facts_of(site, listed, wanted)
    return plain_facts(site.url, listed)


def candidate_urls(url: str) -> tuple[str, ...]:
    """`url` as it may be meant, the likeliest first: people leave out http:// and /v1."""
    whole = (url if "://" in url else f"http://{url}").rstrip("/").removesuffix("/chat/completions")
    if (parts := _parts(whole)) is None:
        raise ConfigError(
            f"{url!r} is no URL of a model server.", hint="Write it as http://127.0.0.1:8000/v1."
        )
    if whole.endswith("/v1"):
        return (whole,)
    return (whole, f"{whole}/v1") if parts.path else (f"{whole}/v1", whole)


def _parts(url: str) -> SplitResult | None:
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    return None


def _still_so(known: ServerFacts, listed: "Sequence[Json]") -> bool:
    """Which of several models is in memory may have changed since; what the only one can do has not."""
    names = [model.name for model in known.models if model.talks]
    return len(names) == 1 and {model.name for model in known.models} == {entry["id"] for entry in listed}


async def _local(model: str | None, urls: Sequence[str], recall: Recall) -> Endpoint | NoServer:
    def wanted(name: str) -> bool:
        return name == model

    found, nobody = await local_servers(urls, wanted=wanted, recall=recall, seconds=LOCAL_SECONDS)
    if nobody.silent and not _having(found, model):
        late, _ = await local_servers(nobody.silent, wanted=wanted, recall=recall, seconds=BUSY_SECONDS)
        found += late
    if not found:
        return nobody
    if model:
        return _endpoint((_having(found, model) or found)[0], model)
    return _endpoint(min(found, key=_readiness), None)


def _having(found: Sequence[ServerFacts], name: str | None) -> Sequence[ServerFacts]:
    """Those that have the model of this name; all of them, where it is not named."""
    return [facts for facts in found if not name or any(model.name == name for model in facts.models)]


def _readiness(facts: ServerFacts) -> int:
    """0 for a server whose model is in memory; those of which it is clear what to ask come next.

    Last comes one whose only model does not talk.
    """
    chosen = _only(facts.models)
    if chosen is None or not chosen.talks:
        return 3 if chosen else 2
    return 0 if chosen.loaded else 1


async def _probe(
    url: str, wanted: "Wanted", recall: Recall, seconds: float
) -> ServerFacts | Literal["locked", "silent"] | None:
    from gate.site import Site

    try:
        async with Site(url, seconds=2 * seconds) as site:  # the time for the list ends earlier
            async with patience(seconds):
                page = await site.models()
            return await _facts(site, page, wanted, recall, seconds)
    except RequestRejected:
        return "locked"
    except TimeoutError:
        return "silent"
    except GatewayError:
        return None


def _endpoint(facts: ServerFacts, wanted: str | None) -> Endpoint:
    url, names = facts.url, [model.name for model in facts.models]
    if wanted:
        return Endpoint(url=url, model=wanted, facts=facts)
    if chosen := _only(facts.models):
        return Endpoint(url=url, model=chosen.name, facts=facts)
    if not names:
        raise ConfigError(f"{url} has no model.", hint="Load one, or name one with AGENT_MODEL or --model.")
    raise ConfigError(
        f"{url} has several models: {', '.join(names)}.", hint="Choose one with AGENT_MODEL or --model."
    )


def _only(models: Sequence[ServedModel]) -> ServedModel | None:
    """The one model that can be meant: the only one, the only one that talks, or the only one in memory."""
    talking = [model for model in models if model.talks]
    loaded = [model for model in talking if model.loaded]
    return next((choice[0] for choice in (models, talking, loaded) if len(choice) == 1), None)
