"""How many tokens a prompt has: by the server's own count, by what it said of earlier prompts, or by a guess.

             ┌── read by the server, and told as usage ──┐┌─ new since ─┐
system tools  message message message message   reply     tool  tool
└────────────── tokens are known up to here ─────────────┘└ characters ÷ learned characters a token
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, assert_never

from core.messages import AssistantMessage, Message, ToolMessage, UserMessage
from core.values import value

CHARS_PER_TOKEN = 3.0
"""A cautious guess: code and JSON have shorter tokens than prose."""
PLAUSIBLE = (1.0, 8.0)
"""Characters a token; a server that says otherwise has not read all of the prompt, or guesses."""
MESSAGE_CHARS = 20
"""What a template puts around a message, and around a call three times that."""

CountSource = Literal["server", "usage", "estimate"]
"""Who knows: the server was asked, it said so of earlier prompts, or nobody does."""


@value
class TokenCount:
    tokens: int
    source: CountSource = "estimate"


@dataclass
class Tally:
    """Counts a prompt that grows: each message is looked at once, and a shorter history is a new one."""

    head_chars: int
    """Length of system text and tools."""
    thinking: bool = False
    """Whether the thinking of earlier replies is part of the prompt."""
    chars_per_token: float = CHARS_PER_TOKEN
    source: CountSource = "estimate"
    known_tokens: int = 0
    """What the server said of the beginning of the prompt."""
    _known_chars: int = 0
    _chars: int = 0
    _read: int = 0
    _last: Message | None = None

    def count(self, messages: Sequence[Message]) -> TokenCount:
        if self._read > len(messages) or (self._read and messages[self._read - 1] is not self._last):
            self._begin_anew()
        for message in messages[self._read :]:
            if isinstance(message, AssistantMessage):
                self._learn(message.usage.prompt_tokens, "usage")
            self._chars += length_of(message, thinking=self.thinking)
        self._read = len(messages)
        self._last = messages[-1] if messages else None
        new_chars = self.head_chars + self._chars - self._known_chars
        return TokenCount(
            tokens=self.known_tokens + ceil(new_chars / self.chars_per_token), source=self.source
        )

    def told(self, tokens: int) -> None:
        """The server's count of what was counted last."""
        self._learn(tokens, "server")

    def refused(self, limit_tokens: int) -> None:
        """What was counted last has more tokens than this, whatever was thought of it."""
        chars = self.head_chars + self._chars
        if self.known_tokens + (chars - self._known_chars) / self.chars_per_token < limit_tokens:
            self.known_tokens = self._known_chars = 0
            self.chars_per_token = max(PLAUSIBLE[0], chars / limit_tokens)

    def _learn(self, tokens: int, source: CountSource) -> None:
        chars = self.head_chars + self._chars
        if tokens > 0 and PLAUSIBLE[0] <= chars / tokens <= PLAUSIBLE[1]:
            self.known_tokens, self._known_chars, self.source = tokens, chars, source
            self.chars_per_token = chars / tokens

    def _begin_anew(self) -> None:
        """Only what was learned of this model's tokens stays."""
        self.known_tokens = self._known_chars = self._chars = self._read = 0
        self.source = "estimate" if self.source == "estimate" else "usage"


def length_of(message: Message, *, thinking: bool = False) -> int:
    """Characters of `message` in a prompt, and of what stands around it there."""
    match message:
        case UserMessage(whole=text) | ToolMessage(text=text):
            return len(text) + MESSAGE_CHARS
        case AssistantMessage(text=text, calls=calls):
            thoughts = len(message.thinking) if thinking else 0
            called = sum(len(call.arguments) + len(call.name) + 3 * MESSAGE_CHARS for call in calls)
            return len(text) + thoughts + called + MESSAGE_CHARS
        case _:
            assert_never(message)
