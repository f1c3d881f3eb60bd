"""A shorter conversation in the place of a long one, made without asking a model.

card ─ step ─ step                 the last two steps as they are
card ─ step… ─ step                long answers of tools clipped, the oldest first
card                               begun anew, when not even that fits
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.messages import PERSONS, AssistantMessage, Message, ToolMessage, Usage, UserMessage
from core.text import clip
from core.tokens import MESSAGE_CHARS, length_of
from core.values import value
from flow.prompts import prompt
from flow.task_card import Keep, Surroundings, card, excerpt_with_rules, recap_of

CARD_SHARE = 0.7
"""The share of the room that the card may take; the newest steps get the rest."""
NEWEST_SAID_SHARE = 0.5
"""Of what a person may have said in all: the newest request, which is being worked on."""


@value
class Room:
    """How long the shorter conversation may be."""

    chars: int
    """In all."""
    said_chars: int
    """What the person said, at most."""
    thinking: bool = False
    """Whether the thinking of the steps that stay is sent, too."""


def shrunk(
    messages: Sequence[Message],
    room: Room,
    *,
    surroundings: Surroundings,
    keep: Keep,
    summary: str = "",
    steps: int,
) -> tuple[Message, ...]:
    """A card, and as much of the newest `steps` as there is room for; never a call without its answer.

    Args:
        messages: the whole conversation, every call of it answered.
        room: never exceeded, but for the few hundred characters that a card needs at least.
        surroundings: what the card tells beside.
        keep: where long messages of the person go.
        summary: what the model said of the conversation, if it was asked.
        steps: how many of the newest replies stay if they can, with the answers to their calls.
    """

    def card_of(replaced: Sequence[Message], chars: int) -> UserMessage:
        return card(
            recap_of(replaced, summary),
            surroundings,
            head=next((message.head for message in replaced if isinstance(message, UserMessage)), ""),
            room_chars=chars - MESSAGE_CHARS,
            said_chars=room.said_chars,
            keep=keep,
        )

    newest = [*_kept(_newest_steps(messages, steps), room, keep)]
    if newest:
        first = card_of(messages[: len(messages) - len(newest)], int(room.chars * CARD_SHARE))
        if fitted := _fitted(newest, room.chars - length_of(first), thinking=room.thinking):
            return (first, *fitted)
    return (card_of(messages, room.chars),)


def _newest_steps(messages: Sequence[Message], count: int) -> Sequence[Message]:
    """From the reply `count` steps before the end on, or from the first; nothing for no steps."""
    starts = [at for at, message in enumerate(messages) if isinstance(message, AssistantMessage)]
    if not starts or not count:
        return ()
    start = starts[-min(count, len(starts))]
    return messages[start:] if start else ()


def _kept(messages: Sequence[Message], room: Room, keep: Keep) -> Iterator[Message]:
    """Without what servers said of the longer prompt, and with what a person said clipped to its share."""
    for message in messages:
        if isinstance(message, AssistantMessage):
            yield replace(message, usage=Usage())
        elif isinstance(message, UserMessage) and message.source in PERSONS:
            most = int(room.said_chars * NEWEST_SAID_SHARE)
            yield replace(message, text=excerpt_with_rules(message.text, most, keep))
        else:
            yield message


def _fitted(messages: list[Message], room: int, *, thinking: bool) -> list[Message]:
    """With answers of tools clipped, the oldest first, as far as it must be; nothing if it cannot be."""
    excess = sum(length_of(message, thinking=thinking) for message in messages) - room
    gone = prompt("shrunk_answer")
    for place, message in enumerate(messages):
        if excess > 0 and isinstance(message, ToolMessage) and len(message.text) > len(gone):
            most = len(message.text) - excess
            text = clip(message.text, most) if most > 2 * len(gone) else gone
            excess -= len(message.text) - len(text)
            messages[place] = replace(message, text=text)
    return [] if excess > 0 else messages
