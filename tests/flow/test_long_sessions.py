"""Long turns on servers of every kind of window and honesty: they are never shortened in circles, and end."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from core.conversation import Conversation
from core.deltas import Delta, FinishDelta
from core.errors import ContextOverflow, GatewayUnavailable
from core.events import ContextShrunk, Event, ModelReplied, Outcome
from core.messages import AssistantMessage, ToolMessage, Usage, UserMessage
from core.protocols import ModelRequest
from core.tokens import length_of, weight
from flow.context import WindowPolicy, head_chars
from flow.notes import NotedContext, Steering
from gate.scripted import call, say
from tests.building import a_loop

TEXTS = (
    "value(1, 2)\n",
    "不要修改测试文件。",
    "🎉🚀😀",
    "3.14159 26535 ",
    "Не трогай тесты. ",
    "x" * 400 + "\n",
)
MOST_REQUESTS = 5
"""For one step: itself, one for a summary, and what is refused until it is short enough."""


@dataclass
class Server:
    """Refuses what is longer than its window; what it says of window and usage may be wrong or missing."""

    random: Random
    inbox: list[str] = field(default_factory=list)
    most_requests: int = 0
    _requests: int = 0
    _before: int = 0

    def __post_init__(self) -> None:
        self.window = self.random.choice([2_048, 4_096, 8_192, 16_384, 32_768])
        self.bytes_per_token = self.random.choice([2.0, 3.0, 5.0] + [1.0] * (self.window > 4_096))
        self.usage = self.random.choice(["right", "none", "without its cache", "half"])
        self.names_its_window = self.random.random() < 0.7
        self.steps = self.random.randint(10, 60)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        self._requests += 1
        self.most_requests = max(self.most_requests, self._requests)
        _require_pairs(request)
        tokens = self._tokens(request)
        if tokens > self.window:
            raise ContextOverflow("too long", limit_tokens=self.window if self.names_its_window else None)
        newest = request.messages[-1]
        is_summary = isinstance(newest, UserMessage) and newest.source == "summary"
        told = {"right": tokens, "none": 0, "without its cache": tokens - self._before, "half": tokens // 2}
        usage = Usage(prompt_tokens=max(0, told[self.usage]), reply_tokens=5)
        self._before = tokens
        for delta in self._notes() if is_summary else self._step():
            yield replace(delta, usage=usage) if isinstance(delta, FinishDelta) else delta

    def _tokens(self, request: ModelRequest) -> int:
        said = sum(length_of(message, length=weight) for message in request.messages)
        return int((head_chars(request) + said) / self.bytes_per_token)

    def _notes(self) -> list[Delta]:
        if self.random.random() < 0.2:
            raise GatewayUnavailable("gone")
        return [*say("notes " * self.random.randint(0, 2_000))]

    def _step(self) -> list[Delta]:
        self._requests, self.steps = 0, self.steps - 1
        if self.steps <= 0:
            return [*say("Done.")]
        if self.random.random() < 0.03:
            self.inbox.append(self.random.choice(TEXTS) * 80)
        text = self.random.choice(TEXTS)
        most = int(self.window * 0.07 * min(3.0, self.bytes_per_token))
        return [*call("echo", text=f"{self.steps} {text * (self.random.randint(0, most) // weight(text))}")]


def _require_pairs(request: ModelRequest) -> None:
    replies = (message for message in request.messages if isinstance(message, AssistantMessage))
    calls = [call.id for reply in replies for call in reply.calls]
    assert calls == [message.call_id for message in request.messages if isinstance(message, ToolMessage)]


@pytest.mark.parametrize("seed", range(40))
async def test_a_long_turn_ends_and_is_shortened_now_and_then_only(seed: int) -> None:
    random = Random(seed)
    server, events = Server(random), list[Event]()
    text = random.choice(TEXTS)
    first = text * (100_000 // weight(text))
    loop = a_loop(server, max_steps=80)
    policy = WindowPolicy(
        head=ModelRequest(system=loop.system, messages=(), tools=loop.tools),
        window_tokens=random.choice([server.window, server.window * 4, None]),
        gateway=server,
        keep=lambda text: "text.txt",
    )
    loop = replace(loop, context=NotedContext(policy, [Steering(server.inbox)]))
    conversation = Conversation()

    async def emit(event: Event) -> None:
        conversation.apply(event)
        events.append(event)

    finished = await loop.run_turn(conversation, UserMessage(text=first), emit)

    shrunk = sum(isinstance(event, ContextShrunk) for event in events)
    steps = sum(isinstance(event, ModelReplied) for event in events)
    assert finished.outcome is Outcome.DONE
    assert server.most_requests <= MOST_REQUESTS
    assert shrunk <= 4 + steps // 3
