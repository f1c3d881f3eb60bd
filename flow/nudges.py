"""Words to a model that stopped without having said or done anything: two a turn at most, whatever for."""

from core.conversation import Conversation
from core.messages import UserMessage
from flow.prompts import prompt

NUDGES = ("empty_reply", "call_in_thinking", "announced")
MOST_NUDGES = 2
"""Some models take a word to them for an order, and would go on for ever."""


def may_nudge(conversation: Conversation) -> bool:
    """Whether this turn has not had its nudges yet; the conversation itself is the count."""
    words = {prompt(name) for name in NUDGES}
    turn = conversation.messages[conversation.turn_start :]
    return sum(isinstance(said, UserMessage) and said.text in words for said in turn) < MOST_NUDGES
