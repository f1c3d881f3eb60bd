"""`roost models`: which models there are, what each can do, and where."""

import asyncio
import sys
from collections.abc import Iterator, Sequence

from boot.settings import Settings
from core.endpoint import ServedModel, ServerFacts
from core.values import encode
from gate.discovery import LOCAL_URLS, candidate_urls, local_servers, server_facts

PATIENCE_SECONDS = 3.0
TITLES = ("model", "window", "trained for", "tools", "vision", "thinking", "where")


def list_models(settings: Settings, url: str, *, json: bool, local_urls: Sequence[str] = LOCAL_URLS) -> int:
    """Print the models of one server, or of all that answer on the usual ports; 1 when there is none.

    Raises:
        ConfigError: the URL is none.
        GatewayError: the server at this URL gives no answer, or refuses this one.
    """
    servers, nobody = asyncio.run(_servers(settings, url, local_urls))
    if json:
        sys.stdout.write(f"{encode(servers)}\n")
    elif any(server.models for server in servers):
        sys.stdout.writelines(f"{line}\n" for line in _table([TITLES, *_rows(servers)]))
    else:
        sys.stdout.write(f"{nobody}\n")
    return 0 if any(server.models for server in servers) else 1


async def _servers(
    settings: Settings, url: str, local_urls: Sequence[str]
) -> tuple[tuple[ServerFacts, ...], object]:
    if not url:
        return await local_servers(local_urls, wanted=_every, seconds=PATIENCE_SECONDS)
    key = settings.api_key if url == settings.model_url else ""
    for candidate in candidate_urls(url):
        facts = await server_facts(candidate, api_key=key, wanted=_every)
        if facts is not None:
            return (facts,), f"{candidate} has no model."
    return (), f"{url} does not say which models it has."


def _every(name: str) -> bool:
    return True


def _rows(servers: Sequence[ServerFacts]) -> Iterator[Sequence[str]]:
    for server in servers:
        kind = "" if server.kind == "unknown" else f" ({server.kind})"
        for model in server.models:
            abilities = (_word(model.tools), _word(model.vision), _word(model.thinking))
            yield model.name, _window(model), _tokens(model.trained_tokens), *abilities, f"{server.url}{kind}"


def _window(model: ServedModel) -> str:
    return _tokens(model.window_tokens) if model.loaded or model.window_tokens else "not loaded"


def _tokens(count: int | None) -> str:
    return f"{count:,}" if count else "?"


def _word(can: bool | None) -> str:
    return "?" if can is None else "yes" if can else "no"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
