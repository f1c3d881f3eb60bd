"""Keeps the conversation within the window the server really has."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from core.conversation import Conversation
from core.endpoint import ASSUMED_WINDOW
from core.errors import ContextOverflow
from core.events import ContextShrunk, Event
from core.messages import AssistantMessage, Message, ToolMessage, UserMessage
from flow.shrinking import shrunk

CHARS_PER_TOKEN = 3.0
"""A cautious guess: code and JSON have shorter tokens than prose."""
TRIGGER_SHARE = 0.8
LEARNED_SHARE = 0.75
"""The window after a refusal that names none, as a share of what was refused."""
FREED_SHARE = 0.6
"""A shrunk conversation may have at most this share of its former length: shrinking is rare, and deep."""
ASSUMED_FULL = (
    f"The server does not name its window: {ASSUMED_WINDOW:,} tokens were assumed, and nearly full."
)
LEAST_ROOM_CHARS = 600
DEPTHS = ((0.45, 2), (0.2, 1), (0.05, 0))
"""Share of the window for the history, and steps kept: at first, and after each further refusal."""

Measure = Callable[[], Awaitable[int | None]]


@dataclass
class WindowPolicy:
    """Shrinks when the window is nearly full, and deeper each time the server refuses the length."""

    fixed_chars: int
    """Length of system text and tools."""
    window_tokens: int | None = None
    """None until the server names it: then nothing is dropped before it refuses."""
    measure: Measure | None = None
    """Asks for the window that is really served; only between two requests, never before the first."""
    _learned: int | None = None
    """The longest window after a refusal."""
    _begun: bool = False
    _depth: int = 0
    _asked: bool = False
    _sizes: "_Sizes" = field(default_factory=lambda: _Sizes())

    async def before_step(self, conversation: Conversation) -> Sequence[Event]:
        self._depth = 0
        if self._begun:
            await self._measured()
        self._begun = True
        window, reason = self.window_tokens, "The window was nearly full."
        if window is None and self._asked:
            window, reason = ASSUMED_WINDOW, ASSUMED_FULL
        if window is None or self._tokens(conversation) < window * TRIGGER_SHARE:
            return ()
        return self._shrunk(conversation, window, reason)

    async def after_overflow(self, conversation: Conversation, error: ContextOverflow) -> Sequence[Event]:
        if error.limit_tokens is None:
            await self._measured()
        window = error.limit_tokens or self.window_tokens or int(self._tokens(conversation) * LEARNED_SHARE)
        self.window_tokens = self._learned = window
        while self._depth < len(DEPTHS):
            if events := self._shrunk(conversation, window, "The server refused the conversation's length."):
                return events
        raise error

    async def _measured(self) -> None:
        """A server that says nothing now leaves what was known before."""
        if self.measure is None:
            return
        self._asked = True
        if told := await self.measure():
            self.window_tokens = min(told, self._learned or told)

    def _shrunk(self, conversation: Conversation, window_tokens: int, reason: str) -> Sequence[Event]:
        """One step deeper than the last time in this step of the loop; nothing when that frees too little."""
        room_share, keep_steps = DEPTHS[self._depth]
        self._depth += 1
        room_chars = max(int(window_tokens * CHARS_PER_TOKEN * room_share), LEAST_ROOM_CHARS)
        messages = shrunk(conversation.messages, room_chars=room_chars, keep_steps=keep_steps)
        if sum(map(_size, messages)) > self._sizes.of(conversation.messages) * FREED_SHARE:
            return ()
        return [ContextShrunk(reason=reason, messages=messages)]

    def _tokens(self, conversation: Conversation) -> float:
        return (self.fixed_chars + self._sizes.of(conversation.messages)) / CHARS_PER_TOKEN


@dataclass
class _Sizes:
    """Lengths of the messages, each measured once."""

    counted: int = 0
    chars: int = 0
    last: Message | None = None

    def of(self, messages: Sequence[Message]) -> int:
        if self.counted > len(messages) or (self.counted and messages[self.counted - 1] is not self.last):
            self.counted = self.chars = 0
        self.chars += sum(map(_size, messages[self.counted :]))
        self.counted = len(messages)
        self.last = messages[-1] if messages else None
        return self.chars


def _size(message: Message) -> int:
    match message:
        case UserMessage(whole=text) | ToolMessage(text=text):
            return len(text) + 20
        case AssistantMessage(text=text, calls=calls):
            return len(text) + 20 + sum(len(call.arguments) + len(call.name) + 60 for call in calls)
        case _:
            assert_never(message)
