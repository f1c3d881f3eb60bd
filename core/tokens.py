"""How many tokens a prompt has: by the server's own count, by what it said of earlier prompts, or by a guess.

             ┌── read by the server, and told as usage ──┐┌─ new since ─┐
system tools  message message message message   reply     tool  tool
└────────────── tokens are known up to here ─────────────┘└ bytes ÷ learned bytes a token
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Literal, assert_never

from core.marking import CLOSING, OPENING
from core.messages import AssistantMessage, Message, ToolMessage, UserMessage
from core.records import dataclass
from core.values import value

CHARS_PER_TOKEN = 3.0
"""A cautious guess: code and JSON have shorter tokens than prose."""
PLAUSIBLE = (1.0, 8.0)
"""Bytes a token; a server that says otherwise has not read all of the prompt, or guesses."""
MESSAGE_CHARS = 20
"""What a template puts around a message, and around a call three times that."""

CountSource = Literal["server", "usage", "estimate"]
"""Who knows: the server was asked, it said so of earlier prompts, or nobody does."""


@value
class TokenCount:
    tokens: int
    source: CountSource = "estimate"


def weight(text: str) -> int:
    """Its length in UTF-8: in all scripts a token has about as many bytes, but not as many characters."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


@dataclass
class Tally:
    """Counts a prompt that grows: each message is looked at once, and a shorter history is a new one."""

    head_chars: int
    """Length of system text and tools."""
    thinking: bool = False
    """Whether the thinking of earlier replies is part of the prompt."""
    bytes_per_token: float = CHARS_PER_TOKEN
    source: CountSource = "estimate"
    known_tokens: int = 0
    """What the server said of the beginning of the prompt."""
    _known_bytes: int = 0
    _bytes: int = 0
    _chars: int = 0
    _read: int = 0
    _last: Message | None = None

    def count(self, messages: Sequence[Message]) -> TokenCount:
        if self._read > len(messages) or (self._read and messages[self._read - 1] is not self._last):
            self._begin_anew()
        for message in messages[self._read :]:
            if isinstance(message, AssistantMessage):
                self._learn(message.usage.prompt_tokens, "usage")
            self._bytes += length_of(message, thinking=self.thinking, length=weight)
            self._chars += length_of(message, thinking=self.thinking)
        self._read = len(messages)
        self._last = messages[-1] if messages else None
        return TokenCount(tokens=ceil(self._tokens()), source=self.source)

    @property
    def chars_per_token(self) -> float:
        """Of what was counted last, on average."""
        return (self.head_chars + self._chars) / max(1.0, self._tokens()) or CHARS_PER_TOKEN

    @property
    def most_tokens(self) -> float:
        """Of what was counted last, if its tokens were as short as any are."""
        return self._all_bytes / PLAUSIBLE[0]

    def told(self, tokens: int) -> None:
        """The server's count of what was counted last."""
        self._learn(tokens, "server")

    def refused(self, limit_tokens: int) -> None:
        """What was counted last has more tokens than this, whatever was thought of it."""
        if self._tokens() < limit_tokens:
            self.known_tokens = self._known_bytes = 0
            self.bytes_per_token = max(PLAUSIBLE[0], self._all_bytes / limit_tokens)

    @property
    def _all_bytes(self) -> int:
        return self.head_chars + self._bytes

    def _tokens(self) -> float:
        return self.known_tokens + (self._all_bytes - self._known_bytes) / self.bytes_per_token

    def _learn(self, tokens: int, source: CountSource) -> None:
        if tokens > 0 and PLAUSIBLE[0] <= self._all_bytes / tokens <= PLAUSIBLE[1]:
            self.known_tokens, self._known_bytes, self.source = tokens, self._all_bytes, source
            self.bytes_per_token = self._all_bytes / tokens

    def _begin_anew(self) -> None:
        """Only what was learned of this model's tokens stays."""
        self.known_tokens = self._known_bytes = self._bytes = self._chars = self._read = 0
        self.source = "estimate" if self.source == "estimate" else "usage"


def length_of(message: Message, *, thinking: bool = False, length: Callable[[str], int] = len) -> int:
    """Characters of `message` in a prompt, or what `length` counts, and of what stands around it there."""
    match message:
        case UserMessage(whole=text):
            return length(text) + MESSAGE_CHARS
        case ToolMessage(text=text, notes=notes):
            return length(text) + length(notes) + len(OPENING) + len(CLOSING) + MESSAGE_CHARS
        case AssistantMessage(text=text, calls=calls):
            thoughts = length(message.thinking) if thinking else 0
            called = sum(length(call.arguments) + len(call.name) + 3 * MESSAGE_CHARS for call in calls)
            return length(text) + thoughts + called + MESSAGE_CHARS
        case _:
            assert_never(message)
