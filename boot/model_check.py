"""Is there a model server, does it stream, and can its model use a tool?

find it ─► a short reply, streamed ─► a call ─► its result ─► the model's answer to it
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace

from boot.calibrate.kept import Calibrations
from boot.commands.doctor import Finding
from boot.fallbacks import require_own, stand_in
from boot.layers import here
from boot.model_way import way_to_model
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.server_way import NO_WINDOW, ModelWay
from boot.settings import Settings
from core.deltas import ReplyBuilder, TextDelta, ThinkingDelta
from core.errors import AgentError, ConfigError, GatewayUnavailable
from core.messages import AssistantMessage, Message, ToolMessage, UserMessage
from core.protocols import Gateway, ModelRequest
from core.tools import ToolSpec
from flow.prompts import prompt
from gate.discovery import Endpoint, discover, nothing_known
from gate.fallback import reason

FIND_SECONDS = 5.0
REPLY_SECONDS = 60.0
MOST_TOKENS = 1_000
"""Enough for a model that thinks before it answers."""

WORD = ToolSpec(
    name="report_word",
    description="Report a word.",
    parameters={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)
USE_TOOLS = (
    "Take a model that can call tools; llama-server needs --jinja, "
    "vLLM --enable-auto-tool-choice and --tool-call-parser."
)


def model_findings(settings: Settings) -> list[Finding]:
    """Of the server that is asked first, and of no other."""
    return asyncio.run(_asked(replace(settings, fallback_urls="")))


def fallback_findings(settings: Settings) -> list[Finding]:
    """Whether those that stand in for it could do so now.

    Raises:
        ConfigError: one of them may not be asked.
    """
    return asyncio.run(_standing_in(settings))


async def _standing_in(settings: Settings) -> list[Finding]:
    require_own(settings)
    model, found = settings.model, []
    if not model:
        with suppress(AgentError):
            first = await discover(settings.model_url or None, api_key=settings.api_key)
            model = first.model if isinstance(first, Endpoint) else ""
    for url in settings.fallbacks:
        try:
            there = await stand_in(settings, url, model, nothing_known)
            found.append(Finding(subject="fallback", text=f"{there.url} has {there.model}"))
        except GatewayUnavailable as error:
            mend = "Start it, or take it out of AGENT_FALLBACK_URLS."
            found.append(Finding(subject="fallback", state="problem", text=reason(url, error), mend=mend))
        except ConfigError as error:
            text = str(error.args[0])
            found.append(Finding(subject="fallback", state="problem", text=text, mend=error.hint))
    return found


async def _asked(settings: Settings) -> list[Finding]:
    try:
        async with asyncio.timeout(FIND_SECONDS):
            folders = here().folders
            learn = Calibrations(folders.calibrations).learned
            profiles = Profiles(own=folders.config / "profiles", learn=learn)
            way = await way_to_model(settings, "server", Plugins(folders.cache), profiles)
    except TimeoutError:
        text = f"{settings.model_url or 'It'} did not answer within {FIND_SECONDS:g} seconds."
        return [Finding(subject="model server", state="problem", text=text, mend="Is it busy? Try again.")]
    try:
        tries = [finding async for finding in tried(way.gateway)]
        return [*await _served(way), *tries]
    finally:
        await way.close()


async def _served(way: ModelWay) -> list[Finding]:
    """What the server says of itself and its model, once the model is loaded."""
    window = (await way.live.tokens() if way.live else None) or way.window_tokens
    facts = way.live.facts if way.live else None
    served = facts.model(way.model) if facts else None
    kind = f", {facts.kind}" if facts and facts.kind != "unknown" else ""
    found = [Finding(subject="model server", text=f"{way.place}{kind}")]
    calibrated = ", calibrated" if way.calibrated else ""
    if window:
        found.append(Finding(subject="model", text=f"{way.model}, window: {window:,} tokens{calibrated}"))
    else:
        found.append(Finding(subject="model", state="note", text=f"{way.model}. {NO_WINDOW}"))
    if served and served.gpu_share is not None and served.gpu_share < 1:
        text = f"{served.gpu_share:.0%} of the model is on the graphics card: it answers slowly."
        mend = "Take a smaller model, or a smaller AGENT_WINDOW_TOKENS."
        found.append(Finding(subject="model", state="note", text=text, mend=mend))
    return found


async def tried(gateway: Gateway, seconds: float = REPLY_SECONDS) -> AsyncIterator[Finding]:
    """What `gateway` does with a short question, and with a tool."""
    for subject, attempt in (("streaming", _streaming), ("tool call", _round_trip)):
        try:
            async with asyncio.timeout(seconds):
                finding = await attempt(gateway)
        except AgentError as error:
            yield Finding(subject=subject, state="problem", text=error.args[0], mend=error.hint)
            return
        except TimeoutError:
            text, mend = f"No whole reply within {seconds:g} seconds.", "Try a smaller model."
            yield Finding(subject=subject, state="problem", text=text, mend=mend)
            return
        yield finding


async def _streaming(gateway: Gateway) -> Finding:
    pieces, _ = await _reply(gateway, UserMessage(text=prompt("check_streaming")))
    if pieces == 0:
        return Finding(
            subject="streaming", state="problem", text="The reply was empty.", mend="Try another model."
        )
    if pieces == 1:
        return Finding(
            subject="streaming", state="note", text="The reply came in one piece: the server does not stream."
        )
    return Finding(subject="streaming", text=f"a reply in {pieces} pieces")


async def _round_trip(gateway: Gateway) -> Finding:
    asked = UserMessage(text=prompt("check_tool_call"))
    _, reply = await _reply(gateway, asked)
    if not reply.calls:
        return Finding(
            subject="tool call", state="problem", text="The model answered in words.", mend=USE_TOOLS
        )
    call = reply.calls[0]
    if call.name != WORD.name or not _is_word(call.arguments):
        text = f"It called {call.name} with {call.arguments!r} when asked for {WORD.name}."
        return Finding(subject="tool call", state="problem", text=text, mend=USE_TOOLS)
    answers = [ToolMessage(call_id=call.id, text="Reported.") for call in reply.calls]
    pieces, after = await _reply(gateway, asked, reply, *answers)
    if pieces == 0 and not after.calls:
        text = "The model said nothing to the tool's answer."
        return Finding(subject="tool call", state="problem", text=text, mend=USE_TOOLS)
    return Finding(subject="tool call", text="called, answered and understood")


async def _reply(gateway: Gateway, *messages: Message) -> tuple[int, AssistantMessage]:
    """How many pieces of text or thinking came, and what they make."""
    builder = ReplyBuilder()
    pieces = 0
    request = ModelRequest(system="", messages=messages, tools=(WORD,), max_tokens=MOST_TOKENS)
    async for delta in gateway.stream(request):
        pieces += isinstance(delta, TextDelta | ThinkingDelta)
        builder.add(delta)
    return pieces, builder.build()


def _is_word(arguments: str) -> bool:
    try:
        given = json.loads(arguments)
    except ValueError:
        return False
    return isinstance(given, Mapping) and isinstance(given.get("word"), str)
