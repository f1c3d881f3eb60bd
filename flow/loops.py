"""The agent loop: ask the model, run what it asks for, until the turn is over.

        prompt ──► context ──► ask ──► mend ──► run tools ──► review ──► end
                      ▲                                          │
                      └────────────── go on, or sent back ◄──────┘

The loop makes no choice of its own: what fits, what may run, what is mended and
when a turn is over are policies. Everything that happens is told as an event;
printing, storing and measuring are done by those who read the events.
"""

import asyncio
from contextlib import aclosing
from typing import assert_never

from core.conversation import Conversation
from core.deltas import ReplyBuilder
from core.errors import ContextOverflow, GatewayError
from core.events import ModelDelta, ModelReplied, Outcome, TurnFinished, TurnStarted, WorkSentBack
from core.messages import AssistantMessage, UserMessage
from core.policies import CompletionPolicy, ContextPolicy, End, GoOn, RepairPolicy, SendBack
from core.protocols import ArgumentsOf, Emit, Gateway, ModelRequest
from core.tools import Toolbox, ToolSpec
from core.values import value
from flow.executor import ToolExecutor

__all__ = ["AgentLoop"]


@value
class AgentLoop:
    gateway: Gateway
    toolbox: Toolbox
    executor: ToolExecutor
    context: ContextPolicy
    repair: RepairPolicy
    completion: CompletionPolicy
    system: str
    tools: tuple[ToolSpec, ...]
    """What the model is told of the toolbox; taken once, so that the prompt's head never changes."""
    max_steps: int = 100
    """Model replies in one turn before it is stopped."""

    async def run_turn(self, conversation: Conversation, prompt: UserMessage, emit: Emit) -> TurnFinished:
        """Carry one user message to its end.

        `emit` applies every event to `conversation`, in the form in which it is kept. The last one is the
        `TurnFinished` that is returned, unless the task is cancelled or a bug escapes.
        """
        await emit(TurnStarted(prompt=prompt))
        try:
            finished = await self._steps(conversation, emit)
        except GatewayError as error:
            finished = TurnFinished(outcome=Outcome.GATEWAY_FAILED, note=str(error))
        await emit(finished)
        return finished

    async def _steps(self, conversation: Conversation, tell: Emit) -> TurnFinished:
        async def ask(conversation: Conversation, held_to: ArgumentsOf | None = None) -> AssistantMessage:
            return await self._ask(conversation, held_to, tell)

        for _ in range(self.max_steps):
            for event in await self.context.before_step(conversation):
                await tell(event)
            reply = await self.repair.mend(await ask(conversation), conversation, self.toolbox, ask, tell)
            await tell(ModelReplied(reply=reply))
            if calls := conversation.open_calls:
                await self.executor.run(calls, tell)
            match await self.completion.review(conversation, tell):
                case GoOn():
                    pass
                case SendBack(feedback=feedback):
                    await tell(WorkSentBack(feedback=feedback))
                case End(outcome=outcome, note=note, evidence=evidence):
                    return TurnFinished(outcome=outcome, note=note, evidence=evidence)
                case unknown:
                    assert_never(unknown)
        note = f"Stopped after {self.max_steps} steps. Say 'go on' to continue, or raise AGENT_MAX_STEPS."
        return TurnFinished(outcome=Outcome.STEP_LIMIT, note=note)

    async def _ask(self, conversation: Conversation, how: ArgumentsOf | None, tell: Emit) -> AssistantMessage:
        """A reply to the conversation as it stands, shrunk for as long as the server refuses its length."""
        while True:
            messages = tuple(conversation.messages)
            request = ModelRequest(
                system=self.system,
                messages=messages,
                tools=self.tools,
                unlisted=tuple(self.toolbox.unlisted()),
                held_to=how,
            )
            try:
                return await self._reply(request, tell)
            except ContextOverflow as error:
                for event in await self.context.after_overflow(conversation, error):
                    await tell(event)

    async def _reply(self, request: ModelRequest, tell: Emit) -> AssistantMessage:
        reply = ReplyBuilder()
        try:
            async with aclosing(self.gateway.stream(request)) as deltas:
                async for delta in deltas:
                    reply.add(delta)
                    await tell(ModelDelta(delta=delta))
        except asyncio.CancelledError:
            if (said := reply.build_interrupted()).text:
                await tell(ModelReplied(reply=said))
            raise
        return reply.build()
