"""`/context`: what fills the window, and what the server keeps of it."""

from collections.abc import Iterator, Sequence

from core.deltas import CacheLostDelta
from core.messages import AssistantMessage, Message, ToolMessage, Usage, UserMessage
from servr.drawing import visible
from servr.terminal.waiting import Waiting

QUOTED_CHARS = 50


def context_lines(waiting: Waiting, messages: Sequence[Message], window_tokens: int | None) -> Iterator[str]:
    yield waiting.status(window_tokens) or "Nothing is known yet: say something first."
    if waiting.lost:
        yield _loss(waiting.lost, messages)
    elif (waiting.usage or Usage()).cached_tokens is not None:
        yield "The cache was never lost."
    elif waiting.usage:
        yield "The server does not say what it keeps in its cache."


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
