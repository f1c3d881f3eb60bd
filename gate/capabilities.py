"""Who a server is, and what it says about its models: one function per kind, in one table.

    /v1/models ─▶ a hint by `owned_by` ─▶ the page of that kind, else of each kind in turn ─▶ ServerFacts

The order of the table matters, for some servers imitate others: LM Studio answers Ollama's pages with
an error and 200, SGLang answers them as Ollama does, and some show a web page wherever they are asked.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import quote

from core.endpoint import Constraint, ServedModel, ServerFacts, ServerKind
from core.errors import GatewayError
from gate.listing import OWNERS, plain_facts, plain_model
from gate.site import Json, Site, count, first_count, flag, objects, text, within

PINNED = re.compile(r"^num_ctx\s+(\d+)", re.MULTILINE)
THINKING_SIGNS = ("<think>", "enable_thinking", "reasoning")
"""Some of these stand in the template of every model that thinks."""
MOST_SHOWN = 24
"""Of a server that describes each model on a page of its own, so many pages are read at most."""


Wanted = Callable[[str], bool]


@dataclass(frozen=True)
class Look:
    """What a kind's function has to look with."""

    site: Site
    listed: Sequence[Json]
    """The entries of /v1/models."""
    wanted: Wanted
    """Which models are to be described where that costs a request each."""


@dataclass(frozen=True)
class Found:
    models: tuple[ServedModel, ...]
    slots: int | None = None


@dataclass(frozen=True)
class Kind:
    read: Callable[[Look], Awaitable[Found | None]]
    """None: the server is another."""
    constrains: tuple[Constraint, ...] = ()
    counts_tokens: bool = False


async def facts_of(site: Site, listed: Sequence[Json], wanted: Wanted) -> ServerFacts:
    """Who the server behind `listed` is. A kind whose pages break off is not this server's."""
    look = Look(site, listed, wanted)
    for name, kind in _in_order(listed):
        with suppress(GatewayError):
            if found := await kind.read(look):
                return ServerFacts(
                    url=site.url,
                    kind=name,
                    models=found.models,
                    slots=found.slots,
                    constrains=kind.constrains,
                    counts_tokens=kind.counts_tokens,
                )
    return plain_facts(site.url, listed)


def _in_order(listed: Sequence[Json]) -> list[tuple[ServerKind, Kind]]:
    """The kind that the list hints at comes first."""
    hinted = {OWNERS.get(text(entry.get("owned_by"))) for entry in listed}
    return sorted(KINDS.items(), key=lambda named: named[0] not in hinted)


async def _roost(look: Look) -> Found | None:
    if not any(entry.get("owned_by") == "roost" for entry in look.listed):
        return None
    slots = first_count(within(entry, "meta", "slots") for entry in look.listed)
    return Found(tuple(map(_roost_model, look.listed)), slots)


def _roost_model(entry: Json) -> ServedModel:
    meta = entry.get("meta")
    return replace(
        plain_model(entry),
        loaded=True,
        tools=flag(within(meta, "tools")),
        vision=flag(within(meta, "vision")),
        thinking=flag(within(meta, "reasoning")),
    )


async def _llama_cpp(look: Look) -> Found | None:
    props = (await look.site.page("props")).json
    models = tuple(map(plain_model, look.listed))
    if "default_generation_settings" not in props and props.get("role") != "router":
        return None
    if _slot_tokens(props) is None and any("status" in entry for entry in look.listed):
        return Found(tuple([await _routed(look.site, model) for model in models]))
    return Found(tuple(_by_props(model, props) for model in models), count(props.get("total_slots")))


async def _routed(site: Site, model: ServedModel) -> ServedModel:
    """A model behind a router, which must not load it only because we ask."""
    if not model.loaded:
        return model
    return _by_props(
        model, (await site.page(f"props?model={quote(model.name, safe='')}&autoload=false")).json
    )


def _by_props(model: ServedModel, props: Json) -> ServedModel:
    caps, template = props.get("chat_template_caps"), text(props.get("chat_template"))
    calls = flag(within(caps, "supports_tool_calls"))
    return replace(
        model,
        loaded=True,
        window_tokens=_slot_tokens(props) or model.window_tokens,
        tools=flag(within(caps, "supports_tools")) if calls is None else calls,
        vision=flag(within(props, "modalities", "vision")),
        thinking=_thinks(template),
        template=template,
    )


def _slot_tokens(props: Json) -> int | None:
    return count(within(props, "default_generation_settings", "n_ctx"))


async def _lm_studio(look: Look) -> Found | None:
    entries = objects((await look.site.page("api/v1/models")).json.get("models"))
    if any("loaded_instances" in entry for entry in entries):
        instances = [instance for entry in entries for instance in _instances(entry)]
        slots = first_count(within(instance, "config", "parallel") for instance in instances)
        return Found(tuple(map(_studio_model, entries)), slots)
    older = objects((await look.site.page("api/v0/models")).json.get("data"))
    if any("compatibility_type" in entry for entry in older):
        return Found(tuple(map(_older_studio_model, older)))
    return None


def _studio_model(entry: Json) -> ServedModel:
    instances = _instances(entry)
    key, can = text(entry.get("key")), entry.get("capabilities")
    return ServedModel(
        name=next((text(instance.get("id")) for instance in instances), key) or key,
        loaded=bool(instances),
        talks=entry.get("type") != "embedding",
        window_tokens=first_count(within(instance, "config", "context_length") for instance in instances),
        trained_tokens=count(entry.get("max_context_length")),
        tools=flag(within(can, "trained_for_tool_use")),
        vision=flag(within(can, "vision")),
        thinking=bool(can.get("reasoning")) if isinstance(can, Mapping) else None,
    )


def _instances(entry: Json) -> list[Json]:
    return objects(entry.get("loaded_instances"))


def _older_studio_model(entry: Json) -> ServedModel:
    can = entry.get("capabilities")
    tools = "tool_use" in can if isinstance(can, list) else None
    return replace(plain_model(entry), vision=entry.get("type") == "vlm", tools=tools)


async def _sglang(look: Look) -> Found | None:
    said = (await look.site.page("model_info")).json or (await look.site.page("get_model_info")).json
    if "model_path" not in said:
        return None
    vision = flag(said.get("has_image_understanding"))
    return Found(tuple(replace(plain_model(entry), loaded=True, vision=vision) for entry in look.listed))


async def _tabby(look: Look) -> Found | None:
    service = (await look.site.page(".well-known/serviceinfo")).json
    if "tabby" not in text(within(service, "software", "name")).lower():
        return None
    loaded = (await look.site.page("v1/model")).json
    return Found(tuple(_tabby_model(entry, loaded) for entry in look.listed))


def _tabby_model(entry: Json, loaded: Json) -> ServedModel:
    if entry.get("id") != loaded.get("id"):
        return plain_model(entry)
    about = loaded.get("parameters")
    template = text(within(about, "prompt_template_content"))
    return replace(
        plain_model(entry),
        loaded=True,
        window_tokens=count(within(about, "max_seq_len")),
        vision=flag(within(about, "use_vision")),
        thinking=_thinks(template),
        template=template,
    )


async def _ollama(look: Look) -> Found | None:
    if not text((await look.site.page("api/version")).json.get("version")):
        return None
    running = {
        text(entry.get("name")): entry
        for entry in objects((await look.site.page("api/ps")).json.get("models"))
    }
    models = [_running(plain_model(entry), running) for entry in look.listed]
    only = sum(model.talks for model in models) == 1
    shown = [model.name for model in models if only or model.loaded or look.wanted(model.name)][:MOST_SHOWN]
    return Found(tuple([await _shown(look.site, it) if it.name in shown else it for it in models]))


def _running(model: ServedModel, running: Mapping[str, Json]) -> ServedModel:
    if (entry := running.get(model.name)) is None:
        return model
    size, in_gpu = count(entry.get("size")), entry.get("size_vram")
    share = in_gpu / size if size and isinstance(in_gpu, int) else None
    return replace(model, loaded=True, window_tokens=count(entry.get("context_length")), gpu_share=share)


async def _shown(site: Site, model: ServedModel) -> ServedModel:
    said = (await site.page("api/show", {"model": model.name})).json
    about, can = said.get("model_info"), said.get("capabilities")
    pinned = PINNED.search(text(said.get("parameters")))
    named = about.items() if isinstance(about, Mapping) else ()
    model = replace(
        model,
        trained_tokens=first_count(held for name, held in named if name.endswith(".context_length")),
        pinned_tokens=int(pinned[1]) if pinned else None,
        template=text(said.get("template")),
    )
    if not isinstance(can, list):
        return model
    return replace(
        model,
        talks="completion" in can,
        tools="tools" in can,
        vision="vision" in can,
        thinking="thinking" in can,
    )


async def _vllm(look: Look) -> Found | None:
    ours = any(entry.get("owned_by") == "vllm" for entry in look.listed)
    measured = any("max_model_len" in entry for entry in look.listed)
    if not ours and not (measured and text((await look.site.page("version")).json.get("version"))):
        return None
    return Found(tuple(replace(plain_model(entry), loaded=True) for entry in look.listed))


async def _transformers(look: Look) -> Found | None:
    """It names itself nowhere: a health page, models with their publishers, and nothing else."""
    published = all("/" in text(entry.get("id")) for entry in look.listed)
    if not published or (await look.site.page("health")).json.get("status") != "ok":
        return None
    return Found(tuple(map(plain_model, look.listed)))


KINDS: Mapping[ServerKind, Kind] = {
    "Roost": Kind(_roost, ("json_schema", "tool_choice"), counts_tokens=True),
    "llama.cpp": Kind(_llama_cpp, ("grammar", "json_schema", "tool_choice"), counts_tokens=True),
    "LM Studio": Kind(_lm_studio, ("json_schema",)),
    "SGLang": Kind(_sglang, ("json_schema", "tool_choice"), counts_tokens=True),
    "TabbyAPI": Kind(_tabby, ("json_schema", "tool_choice"), counts_tokens=True),
    "Ollama": Kind(_ollama, ("format",)),
    "vLLM": Kind(_vllm, ("json_schema", "tool_choice"), counts_tokens=True),
    "transformers serve": Kind(_transformers),
}
"""In the order in which they are asked for."""


def _thinks(template: str) -> bool | None:
    return any(sign in template for sign in THINKING_SIGNS) if template else None
