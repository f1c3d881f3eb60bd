"""What a server's list of models says by itself: whose it is, and how long their windows are.

Read before the first request to a server that nobody knows, so it needs nothing but `gate/site.py`.
"""

from collections.abc import Mapping, Sequence

from core.endpoint import ServedModel, ServerFacts, ServerKind
from gate.site import Json, Page, first_count, objects, text, within

WINDOW_FIELDS = ("max_model_len", "loaded_context_length", "context_length", "context_window")
OWNERS: Mapping[str, ServerKind] = {
    "roost": "Roost",
    "llamacpp": "llama.cpp",
    "organization_owner": "LM Studio",
    "sglang": "SGLang",
    "tabbyAPI": "TabbyAPI",
    "library": "Ollama",
    "vllm": "vLLM",
}
"""Who owns the models of a server of this kind, as its list says; some have models of others, too."""


def models_listed(url: str, page: Page) -> list[Json] | None:
    """The entries of the page /v1/models; None when it is no such list.

    Raises:
        GatewayError: it is a refusal.
    """
    if page.status in (401, 403) or page.status >= 500:
        from gate.errors_of import Refusal, error_of  # a table nobody needs before the first refusal

        raise error_of(Refusal(url=url, status=page.status, body=page.text))
    data = page.json.get("data")
    return [entry for entry in objects(data) if text(entry.get("id"))] if isinstance(data, list) else None


def plain_facts(url: str, listed: Sequence[Json]) -> ServerFacts:
    """What can be known without asking further."""
    return ServerFacts(url=url, models=tuple(map(plain_model, listed)))


def plain_model(entry: Json) -> ServedModel:
    """What an entry of /v1/models says, each server in its own words."""
    status, name = entry.get("status"), text(entry.get("id"))
    return ServedModel(
        name=name,
        loaded="loaded" in (within(status, "value"), status, entry.get("state"))
        or entry.get("loaded") is True,
        talks="embed" not in name.lower() and entry.get("type") not in ("embedding", "embeddings"),
        window_tokens=first_count([*map(entry.get, WINDOW_FIELDS), within(entry, "meta", "n_ctx")]),
        trained_tokens=first_count([entry.get("max_context_length"), within(entry, "meta", "n_ctx_train")]),
    )
