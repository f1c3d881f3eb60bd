"""How many tokens a prompt has, asked of the server that will read it: one function for each kind."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from core.endpoint import ServerKind
from core.errors import GatewayError
from core.protocols import ModelRequest
from gate.live_window import LiveWindow
from gate.manner import PLAIN, Manner
from gate.serialising import PrefixWriter
from gate.site import Json, Site, count, text

COUNT_SECONDS = 2.0
TEMPLATE_SHARE = 0.03
"""What a chat template adds, where the server counts the words of a prompt but not its marks."""

Counting = Callable[[Site, Json], Awaitable[int | None]]


@dataclass(frozen=True)
class ServerTokenCounter:
    """Counts the request that would be sent, on servers that can."""

    live: LiveWindow
    """Knows which server it is."""
    manner: Manner = PLAIN

    async def __call__(self, request: ModelRequest) -> int | None:
        facts = self.live.facts
        if facts is None or not facts.counts_tokens or facts.kind not in COUNTINGS:
            return None
        asked = json.loads(PrefixWriter(self.live.model, self.manner).body(request))
        with suppress(GatewayError):
            async with Site(self.live.url, self.live.api_key, seconds=COUNT_SECONDS) as site:
                return await COUNTINGS[facts.kind](site, asked)
        return None


async def _by_messages(site: Site, asked: Json) -> int | None:
    """vLLM and Roost take the conversation as it is."""
    question = {name: asked[name] for name in ("model", "messages", "tools") if name in asked}
    page = await site.page("tokenize", {**question, "add_generation_prompt": True})
    return count(page.json.get("count"))


async def _llama_cpp(site: Site, asked: Json) -> int | None:
    """Newer ones count a request; older ones render it, and count what came of that."""
    question = {name: asked[name] for name in ("model", "messages", "tools") if name in asked}
    page = await site.page("v1/chat/completions/input_tokens", question)
    if told := count(page.json.get("input_tokens")):
        return told
    prompt = text((await site.page("apply-template", question)).json.get("prompt"))
    if not prompt:
        return None
    page = await site.page("tokenize", {"content": prompt, "add_special": True, "parse_special": True})
    return _many(page.json.get("tokens"))


async def _sglang(site: Site, asked: Json) -> int | None:
    question = {"model": asked["model"], "prompt": _words(asked)}
    told = count((await site.page("tokenize", question)).json.get("count"))
    return told and int(told * (1 + TEMPLATE_SHARE))


async def _tabby(site: Site, asked: Json) -> int | None:
    told = count((await site.page("v1/token/encode", {"text": _words(asked)})).json.get("length"))
    return told and int(told * (1 + TEMPLATE_SHARE))


def _words(asked: Json) -> str:
    return json.dumps([asked["messages"], asked.get("tools", [])], ensure_ascii=False)


def _many(held: object) -> int | None:
    return len(held) or None if isinstance(held, list) else None


COUNTINGS: Mapping[ServerKind, Counting] = {
    "Roost": _by_messages,
    "llama.cpp": _llama_cpp,
    "SGLang": _sglang,
    "TabbyAPI": _tabby,
    "vLLM": _by_messages,
}
