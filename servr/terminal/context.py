"""`/context`: what fills the window, and what the server keeps of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from core.deltas import CacheLostDelta
from core.messages import AssistantMessage, Message, ToolMessage, Usage, UserMessage
from core.protocols import ModelRequest
from core.tokens import CountSource
from core.visible import visible
from flow.window_use import WindowUse, window_use
from servr.spans import Line
from servr.terminal.talk import Chat
from servr.terminal.waiting import Waiting

QUOTED_CHARS = 50
BAR_CHARS = 40
SOURCES: Mapping[CountSource, str] = {
    "server": "counted by the server",
    "usage": "by what the server said of earlier prompts",
    "estimate": "estimated from its length",
}


async def show_context(chat: Chat, wanted: str) -> Iterable[Line]:
    session, models = chat.session, chat.models
    messages = session.conversation.messages
    prompt = ModelRequest(system=session.loop.system, messages=tuple(messages), tools=session.loop.tools)
    use = window_use(
        prompt,
        messages,
        window_tokens=models.window_tokens,
        thinking=models.thinking,
        counted=await models.count(prompt),
    )
    return [Line(visible(text)) for text in context_lines(use, chat.waiting, messages)]


def context_lines(use: WindowUse, waiting: Waiting, messages: Sequence[Message]) -> Iterator[str]:
    window = f" of {use.window_tokens:,}" if use.window_tokens else ""
    yield f"The prompt has {use.tokens:,}{window} tokens, {SOURCES[use.source]}."
    yield from _bars(use)
    if status := waiting.status(use.window_tokens):
        yield status
    if waiting.lost:
        yield _loss(waiting.lost, messages)
    elif (waiting.usage or Usage()).cached_tokens is not None:
        yield "The cache was never lost."
    elif waiting.usage:
        yield "The server does not say what it keeps in its cache."


def _bars(use: WindowUse) -> Iterator[str]:
    """A line for each kind; together as long as the window, or as the prompt if nobody knows it."""
    rows: list[tuple[str, int]] = [(taken.kind, taken.tokens) for taken in use.kinds]
    if use.free_tokens is not None:
        rows.append(("free", use.free_tokens))
    whole = max(1, use.tokens + (use.free_tokens or 0))
    for kind, tokens in rows:
        bar = ("░" if kind == "free" else "█") * round(BAR_CHARS * tokens / whole)
        yield f"  {kind:<12} {tokens:>9,}  {bar}".rstrip()


def _loss(lost: CacheLostDelta, messages: Sequence[Message]) -> str:
    if lost.changed is None:
        where = "although the messages were the same, so the server dropped it"
    elif lost.changed == 0:
        where = "from the beginning on, where the system text or the tools were others"
    else:
        said = messages[lost.changed - 1 : lost.changed]
        where = ", ".join([f"from message {lost.changed} on", *map(_named, said)])
    return f"The cache was lost {where}: {lost.lost_tokens:,} tokens were read again."


def _named(message: Message) -> str:
    match message:
        case UserMessage(text=text):
            who = "yours"
        case AssistantMessage(text=text):
            who = "the model's"
        case ToolMessage(text=text):
            who = "a tool's"
    words = " ".join(visible(text).split())
    short = words if len(words) <= QUOTED_CHARS else f"{words[: QUOTED_CHARS - 1]}…"
    return f"{who} ({short})" if short else who
