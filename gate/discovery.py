"""Which server, which model, which window: asked once, before the first request.

A URL and a model need no question at all. A URL alone is asked for its models. Without a URL the
usual local ports are asked, all at once, and nothing but this question goes to any of them.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigError, GatewayError
from core.values import value
from gate.errors_of import Refusal, error_of
from gate.http import HttpClient

LOCAL_URLS = tuple(f"http://localhost:{port}/v1" for port in (8000, 11434, 1234, 8080, 30000, 5000))
"""vLLM and others, Ollama, LM Studio, llama-server, SGLang, TabbyAPI."""
LOCAL_SECONDS = 0.3
ANSWER_SECONDS = 10.0
WINDOW_FIELDS = ("max_model_len", "loaded_context_length", "context_length")


@value
class Endpoint:
    """A model that can be asked."""

    url: str
    model: str
    window_tokens: int | None = None
    """What the server said about it; None when it said nothing or was not asked."""
    models: tuple[str, ...] = ()
    """All that the server lists; empty when it was not asked."""


@value
class NoServer:
    """No model server answered."""

    tried: tuple[str, ...]

    def __str__(self) -> str:
        ports = ", ".join(str(urlsplit(url).port) for url in self.tried)
        return f"No model server was found on localhost (ports {ports})."


@value
class ServedModel:
    name: str
    window_tokens: int | None = None
    loaded: bool = False


async def discover(
    url: str | None = None,
    *,
    api_key: str = "",
    model: str | None = None,
    local_urls: Sequence[str] = LOCAL_URLS,
) -> Endpoint | NoServer:
    """The endpoint to use.

    Raises:
        ConfigError: the URL is none, or it is not clear which model is meant.
        GatewayError: the server at `url` gives no answer, or refuses this one.
    """
    if url is None:
        return await _local(model, local_urls)
    candidates = candidate_urls(url)
    if model:
        return Endpoint(url=candidates[0], model=model)
    for candidate in candidates:
        models = await served_models(candidate, api_key=api_key)
        if models is not None:
            return _endpoint(candidate, models, None)
    raise ConfigError(
        f"{candidates[0]} does not say which models it has.",
        hint="Is it the /v1 URL of a model server? If so, name the model with AGENT_MODEL or --model.",
    )


async def served_window(endpoint: Endpoint, *, api_key: str = "") -> int | None:
    """The window of an endpoint that was not asked before; None if the server does not say."""
    if endpoint.window_tokens is not None:
        return endpoint.window_tokens
    with suppress(GatewayError):
        models = await served_models(endpoint.url, api_key=api_key) or ()
        return next((model.window_tokens for model in models if model.name == endpoint.model), None)
    return None


async def served_models(
    url: str, *, api_key: str = "", seconds: float = ANSWER_SECONDS
) -> tuple[ServedModel, ...] | None:
    """What `url` serves; None if it answers, but not as a model server."""
    http = HttpClient(url, api_key, connect_seconds=min(seconds, 5.0), idle_seconds=seconds)
    try:
        async with http.get("models") as answer:
            status, text = answer.status, await answer.text()
    finally:
        await http.close()
    if status in (401, 403) or status >= 500:
        raise error_of(Refusal(url=url, status=status, body=text))
    return _models(text) if 200 <= status < 300 else None


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


async def _local(model: str | None, urls: Sequence[str]) -> Endpoint | NoServer:
    answers = await asyncio.gather(*map(_probe, urls))
    found = [(url, models) for url, models in zip(urls, answers, strict=True) if models]
    if not found:
        return NoServer(tried=tuple(urls))
    named = [pair for pair in found if any(served.name == model for served in pair[1])]
    url, models = (named or found)[0]
    return _endpoint(url, models, model)


async def _probe(url: str) -> tuple[ServedModel, ...]:
    with suppress(GatewayError, TimeoutError):
        async with asyncio.timeout(LOCAL_SECONDS):
            return await served_models(url, seconds=LOCAL_SECONDS) or ()
    return ()


def _endpoint(url: str, models: Sequence[ServedModel], wanted: str | None) -> Endpoint:
    names = tuple(model.name for model in models)
    if wanted:
        window = next((model.window_tokens for model in models if model.name == wanted), None)
        return Endpoint(url=url, model=wanted, window_tokens=window, models=names)
    if chosen := _only(models):
        return Endpoint(url=url, model=chosen.name, window_tokens=chosen.window_tokens, models=names)
    if not names:
        raise ConfigError(f"{url} has no model.", hint="Load one, or name one with AGENT_MODEL or --model.")
    raise ConfigError(
        f"{url} has several models: {', '.join(names)}.", hint="Choose one with AGENT_MODEL or --model."
    )


def _only(models: Sequence[ServedModel]) -> ServedModel | None:
    """The one model that can be meant: the only one, the only one that talks, or the only one in memory."""
    talking = [model for model in models if "embed" not in model.name.lower()]
    loaded = [model for model in talking if model.loaded]
    for choice in (models, talking, loaded):
        if len(choice) == 1:
            return choice[0]
    return None


def _models(text: str) -> tuple[ServedModel, ...] | None:
    with suppress(ValueError):
        match json.loads(text):
            case {"data": list() as entries}:
                described = [entry for entry in entries if isinstance(entry, dict)]
                return tuple(_served(entry) for entry in described if isinstance(entry.get("id"), str))
    return None


def _served(entry: Mapping[str, object]) -> ServedModel:
    return ServedModel(name=str(entry["id"]), window_tokens=_window(entry), loaded=_loaded(entry))


def _window(entry: Mapping[str, object]) -> int | None:
    meta = entry.get("meta")
    said = [entry.get(name) for name in WINDOW_FIELDS]
    said.append(meta.get("n_ctx") if isinstance(meta, Mapping) else None)
    return next((tokens for tokens in said if isinstance(tokens, int) and tokens > 0), None)


def _loaded(entry: Mapping[str, object]) -> bool:
    status = entry.get("status")
    said = status.get("value") if isinstance(status, Mapping) else status
    return "loaded" in (said, entry.get("state")) or entry.get("loaded") is True
