"""A shorter conversation in the place of a long one, made without asking a model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from core.messages import AssistantMessage, Message, Part, Recap, ToolCall, ToolMessage, UserMessage
from core.text import clip
from flow.prompts import prompt

CARD_SHARE = 0.4
"""The share of the room that the card may take; the newest steps get the rest."""
PERSONS = ("person", "steering")
"""Sources of messages that a person wrote."""
KEPT_REQUESTS = 12
REQUEST_CHARS = 4_000
KEPT_DEEDS = 40


def shrunk(messages: Sequence[Message], *, room_chars: int, keep_steps: int) -> tuple[Message, ...]:
    """A card of what was asked and done, then the newest steps with their long texts clipped.

    Args:
        messages: the whole conversation, every call of it answered.
        room_chars: how long the result may be, roughly.
        keep_steps: how many of the newest replies stay, with the answers to their calls.
    """
    newest = _newest_steps(messages, keep_steps)
    older = messages[: len(messages) - len(newest)]
    card = _card(older, room_chars=int(room_chars * CARD_SHARE) if newest else room_chars)
    if not newest:
        return (card,)
    each = max(200, int(room_chars * (1 - CARD_SHARE)) // len(newest))
    return (card, *(_clipped(message, each) for message in newest))


def _newest_steps(messages: Sequence[Message], count: int) -> Sequence[Message]:
    """From the reply `count` steps before the end on; nothing when there are not so many after the first."""
    starts = [at for at, message in enumerate(messages) if isinstance(message, AssistantMessage)]
    return messages[starts[-count] :] if 0 < count < len(starts) else ()


def _card(messages: Sequence[Message], *, room_chars: int) -> UserMessage:
    recap = _recap(messages)
    each = max(120, room_chars // 2 // max(1, len(recap.asked)))
    asked = "\n".join(f"- {clip(text, each)}" for text in recap.asked)
    done = clip("\n".join(f"- {deed}" for deed in recap.done), room_chars // 2) or "- nothing yet"
    head = next((message.head for message in messages if isinstance(message, UserMessage)), "")
    return UserMessage(
        text=prompt("shrunk", asked=asked, done=done),
        head=clip(head, room_chars // 4),
        source="recap",
        recap=recap,
    )


def _recap(messages: Sequence[Message]) -> Recap:
    """All that was asked and done, an earlier recap included; the first request always stays."""
    asked: list[str] = []
    done: list[str] = []
    for message in messages:
        if isinstance(message, UserMessage) and message.recap:
            asked += message.recap.asked
            done += message.recap.done
        elif isinstance(message, UserMessage) and message.source in PERSONS:
            asked.append(clip(message.text, REQUEST_CHARS))
    done += _deeds(messages)
    kept = asked[:1] + asked[1:][-KEPT_REQUESTS:]
    return Recap(asked=tuple(kept), done=tuple(done[-KEPT_DEEDS:]))


def _deeds(messages: Sequence[Message]) -> Iterator[str]:
    answers = {message.call_id: message for message in messages if isinstance(message, ToolMessage)}
    for message in messages:
        if not isinstance(message, AssistantMessage):
            continue
        for call in message.calls:
            answer = answers.get(call.id)
            ended = answer.text.strip().splitlines()[:1] if answer else []
            yield f"{call.name} {clip(call.arguments, 120)} -> {clip(''.join(ended), 120)}"
        if message.text.strip():
            yield f"said: {clip(message.text.strip(), 200)}"


def _clipped(message: Message, chars: int) -> Message:
    match message:
        case ToolMessage(text=text) | UserMessage(text=text):
            return replace(message, text=clip(text, chars))
        case AssistantMessage(parts=parts):
            return replace(message, parts=tuple(_clipped_part(part, chars) for part in parts))
        case _:
            assert_never(message)


def _clipped_part(part: Part, chars: int) -> Part:
    return part if isinstance(part, ToolCall) else replace(part, text=clip(part.text, chars))
