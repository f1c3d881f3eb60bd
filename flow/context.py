"""Keeps the conversation within the window the server really has.

before a step   nearly full? ─▶ card, last steps, and a summary if there is room for one
after a refusal learn the limit ─▶ the same ─▶ the bare card ─▶ the turn ends
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import field, replace
from typing import TYPE_CHECKING

from core.conversation import Conversation
from core.deltas import ProgressDelta, ReplyBuilder, RestartDelta
from core.endpoint import ASSUMED_WINDOW
from core.errors import ContextOverflow, GatewayError, OutOfMemory
from core.events import ContextShrunk, Event, ModelDelta, SummaryAsked
from core.messages import Finish, Message, UserMessage
from core.profile import Size, size_of
from core.protocols import Emit, Gateway, ModelRequest, TokenCounter
from core.records import dataclass
from core.tokens import Tally, TokenCount, length_of
from core.values import encode
from flow.prompts import prompt

if TYPE_CHECKING:
    from flow.shrinking import Room
    from flow.task_card import Keep, Surroundings

TRIGGER_SHARES: dict[Size, float] = {"tiny": 0.7, "small": 0.75, "normal": 0.8}
RESERVED_TOKENS: dict[Size, int] = {"tiny": 1_024, "small": 2_048, "normal": 4_096}
"""Left free for a reply, but never more than a quarter of the window."""
SUMMARY_TOKENS: dict[Size, int] = {"tiny": 384, "small": 512, "normal": 768}
SUMMARY_CHARS = 800
"""Less room than this is not worth a request."""
FREED_SHARE = 0.4
"""Of the window, and of what the messages took: shrinking is rare, and deep."""
LEAST_FREED_SHARE = 0.2
"""Of the window: for less nothing is dropped before the server refuses."""
LEAST_SHARE, BARE_SHARE = 0.1, 0.08
"""Of the window, for the messages: where system text and tools take most of it, and for the bare card."""
SAID_SHARE = 0.1
"""Of the window, for what the person said."""
NEAR_SHARE = 0.9
"""Of the trigger: from here on the server is asked for an exact count, once."""
GUESSED_SHARE = 0.1
"""A count is exact enough when no more than this share of it is a guess."""
LEARNED_SHARE = 0.75
"""The window after a refusal that names none, or for want of memory, as a share of what was refused."""
LEAST_ROOM_CHARS = 900
NEARLY_FULL = "The window was nearly full."
ASSUMED_FULL = (
    f"The server does not name its window: {ASSUMED_WINDOW:,} tokens were assumed, and nearly full."
)
REFUSED = "The server refused the conversation's length."
NO_MEMORY = "The server ran out of memory."

KEPT_STEPS = 2
"""How many of the newest replies stay if they can, with the answers to their calls."""

Measure = Callable[[], Awaitable[int | None]]


def _nowhere(text: str) -> str:
    return ""


async def _nobody(event: Event) -> None:
    """Is told nothing."""


def head_chars(head: ModelRequest) -> int:
    """Length of system text and tools."""
    return len(head.system) + len(encode(head.tools))


@dataclass
class WindowPolicy:
    """Shrinks when the window is nearly full, and deeper when the server refuses the length."""

    head: ModelRequest
    """System text and tools of the session: what every request begins with."""
    window_tokens: int | None = None
    """None until the server names it: then nothing is dropped before it refuses."""
    measure: Measure | None = None
    """Asks for the window that is really served; only between two requests, never before the first."""
    counter: TokenCounter | None = None
    """The server's own count: asked for once, when the window is nearly full."""
    gateway: Gateway | None = None
    """Who is asked for a summary before anything is dropped; None: nobody."""
    tell: Emit = _nobody
    """Told that a summary is asked for, again as well, and how far its prompt is read: people wait."""
    surroundings: "Callable[[], Surroundings] | None" = None
    """What the card tells beside, when it is made."""
    keep: "Keep" = _nowhere
    """Takes long messages of the person when they are clipped."""
    fit: Callable[[int], None] = lambda tokens: None
    """Told of a window that is not what was thought: answers of tools are as long as it allows."""
    thinking: bool = False
    """Whether the thinking of earlier replies is sent back."""
    _tally: Tally = field(init=False)
    _learned: int | None = None
    """The longest window after a refusal."""
    _begun: bool = False
    _asked: bool = False
    _counted: bool = False
    _refusals: int = 0
    """Of the request that is being made."""
    _out_of_memory: bool = False

    def __post_init__(self) -> None:
        self._tally = Tally(head_chars(self.head), self.thinking)

    def is_full(self, messages: Sequence[Message]) -> bool:
        """Whether a request with these would be shortened before it is sent."""
        return self.window_tokens is not None and self._tally.count(messages).tokens >= _trigger(
            self.window_tokens
        )

    async def before_step(self, conversation: Conversation) -> Sequence[Event]:
        self._refusals = 0
        if self._begun:
            await self._measured()
        window, reason = self.window_tokens, NEARLY_FULL
        if window is None and self._asked:
            window, reason = ASSUMED_WINDOW, ASSUMED_FULL
            self.fit(window)
        begun, self._begun = self._begun, True
        if window is None:
            return ()
        count = self._tally.count(conversation.messages)
        if begun and self._is_near(count, window):
            count = await self._asked_for(conversation)
        if count.tokens < _trigger(window):
            return ()
        return await self._shrunk(conversation, window, reason, count)

    async def after_overflow(self, conversation: Conversation, error: ContextOverflow) -> Sequence[Event]:
        count = self._tally.count(conversation.messages)
        if isinstance(error, OutOfMemory):
            return self._after_out_of_memory(conversation, error, count)
        if error.limit_tokens is None:
            await self._measured()
        known = self.window_tokens
        if self._refusals or self._tally.most_tokens < (known or 0):
            known = None  # what was fitted to it, or could not fill it, has been refused
        fits = int(min(count.tokens, self.window_tokens or count.tokens) * LEARNED_SHARE)
        self._learn(error.limit_tokens or known or fits)
        while self._refusals < 2:
            self._refusals += 1
            if events := self._cut(conversation, REFUSED, steps=KEPT_STEPS if self._refusals == 1 else 0):
                return events
        raise ContextOverflow(
            f"Not even the shortest form of this conversation fits the model's window: {error.args[0]}",
            limit_tokens=error.limit_tokens,
            hint="Load the model with a longer window, or begin a new session.",
        ) from error

    def _after_out_of_memory(
        self, conversation: Conversation, error: OutOfMemory, count: TokenCount
    ) -> Sequence[Event]:
        """Shorter, or at least once more; the second time it is for the person to act."""
        if self._out_of_memory:
            self._out_of_memory = False  # the person may have acted when the next turn comes
            raise error
        self._out_of_memory = True
        self._learn(int((self.window_tokens or max(count.tokens, ASSUMED_WINDOW)) * LEARNED_SHARE))
        return self._cut(conversation, NO_MEMORY) or self._cut(conversation, NO_MEMORY, steps=0)

    def _learn(self, window_tokens: int) -> None:
        self._learned = max(1, window_tokens)
        self._take(self._learned)
        self._tally.refused(self._learned)

    def _take(self, window_tokens: int) -> None:
        if window_tokens != self.window_tokens:
            self.window_tokens = window_tokens
            self.fit(window_tokens)

    async def _measured(self) -> None:
        """A server that says nothing now leaves what was known before."""
        if self.measure is None:
            return
        self._asked = True
        if told := await self.measure():
            self._take(min(told, self._learned or told))

    def _is_near(self, count: TokenCount, window_tokens: int) -> bool:
        guessed = count.tokens - self._tally.known_tokens
        return (
            self.counter is not None
            and not self._counted
            and count.tokens >= _trigger(window_tokens) * NEAR_SHARE
            and guessed > count.tokens * GUESSED_SHARE
        )

    async def _asked_for(self, conversation: Conversation) -> TokenCount:
        self._counted = True
        assert self.counter is not None
        if told := await self.counter(replace(self.head, messages=tuple(conversation.messages))):
            self._tally.told(told)
        return self._tally.count(conversation.messages)

    async def _shrunk(
        self, conversation: Conversation, window_tokens: int, reason: str, count: TokenCount
    ) -> Sequence[Event]:
        """Shrunk with a summary, if there is room for one in the window now and in what stays of it."""
        events = self._cut(conversation, reason, window_tokens)
        after = self._length(events[0].messages) if events else 0
        freed = self._length(conversation.messages) - after
        if not events or freed < window_tokens * LEAST_FREED_SHARE * self._tally.chars_per_token:
            return ()
        left = self._room(window_tokens).chars - after
        most = SUMMARY_TOKENS[size_of(window_tokens)]
        if left < SUMMARY_CHARS or count.tokens + 2 * most > window_tokens:
            return events
        await self.tell(SummaryAsked(reason=reason))
        summary = (await self._summary(conversation, most))[: left - 100]
        return self._cut(conversation, reason, window_tokens, summary=summary) or events

    async def _summary(self, conversation: Conversation, max_tokens: int) -> str:
        """What the model says of the conversation, with the prompt it knows; "" when that is of no use."""
        if self.gateway is None:
            return ""
        question = UserMessage(text=prompt("summary"), source="summary")
        request = replace(self.head, messages=(*conversation.messages, question), max_tokens=max_tokens)
        reply = ReplyBuilder()
        try:
            async with aclosing(self.gateway.stream(request)) as deltas:
                async for delta in deltas:
                    reply.add(delta)
                    if isinstance(delta, ProgressDelta | RestartDelta):
                        await self.tell(ModelDelta(delta=delta))
        except GatewayError:
            return ""
        said = reply.build()
        return "" if said.calls or said.finish is Finish.REPEATED else said.text.strip()

    def _cut(
        self,
        conversation: Conversation,
        reason: str,
        window_tokens: int | None = None,
        *,
        steps: int = KEPT_STEPS,
        summary: str = "",
    ) -> Sequence[ContextShrunk]:
        """Shrunk without asking anybody; nothing when that frees too little, so that it is not done again.

        The bare card, without `steps`, is tried for whatever it frees: the server has refused all else.
        """
        from flow.shrinking import shrunk  # not before the window is nearly full
        from flow.task_card import Surroundings

        surroundings = self.surroundings() if self.surroundings else Surroundings()
        room = self._room(window_tokens or self.window_tokens or ASSUMED_WINDOW, bare=not steps)
        most = self._length(conversation.messages) * (1 - FREED_SHARE if steps else 1)
        for kept in (steps, 0):
            messages = shrunk(
                conversation.messages,
                room,
                surroundings=surroundings,
                keep=self.keep,
                summary=summary,
                steps=kept,
            )
            if self._length(messages) < most:
                self._counted = False
                return [ContextShrunk(reason=reason, messages=messages)]
        return ()

    def _room(self, window_tokens: int, *, bare: bool = False) -> "Room":
        from flow.shrinking import Room

        per_token = self._tally.chars_per_token
        fixed = self._tally.head_chars / per_token
        after = _trigger(window_tokens) - window_tokens * FREED_SHARE
        tokens = max(after - fixed, window_tokens * LEAST_SHARE)
        if bare:
            tokens = window_tokens * BARE_SHARE
        return Room(
            chars=max(int(tokens * per_token), LEAST_ROOM_CHARS),
            said_chars=int(window_tokens * SAID_SHARE * per_token),
            thinking=self.thinking,
        )

    def _length(self, messages: Sequence[Message]) -> int:
        return sum(length_of(message, thinking=self.thinking) for message in messages)


def _trigger(window_tokens: int) -> int:
    """How full the window may be before a step."""
    size = size_of(window_tokens)
    reserved = min(RESERVED_TOKENS[size], window_tokens // 4)
    return int(min(window_tokens * TRIGGER_SHARES[size], window_tokens - reserved))
