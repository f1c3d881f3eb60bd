"""From a goal to a plan: the model looks around, reading only, then writes it in one reply held to a form.

goal ─► a turn that explores ─► a reply held to the plan's schema ─► tasks ─► the person
                                   ▲          │ what is wrong with it      │ what should be different
                                   └──────────┴────────────────────────────┘
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from core.errors import GatewayError, PlanRefused
from core.events import Outcome
from core.marking import put_together
from core.messages import AssistantMessage
from core.project import Project, Task
from core.project_form import written
from core.schema import shape_of
from flow.held_replies import HeldReplies
from flow.plan_form import SCHEMA, SPEC, NoPlan, tasks_of
from flow.prompts import prompt
from flow.server_ways import ServerWays
from flow.sessions import Session

MOST_REPLIES = 3
"""How often a plan is asked for before that is given up."""
SHAPE = shape_of(SCHEMA)


@dataclass
class Planner:
    """Works in one session, which is to be in mode plan."""

    session: Session
    ways: ServerWays
    quietly: Callable[[], AbstractContextManager[object]] = nullcontext
    """Around a reply that is the plan itself: no words for the person."""
    found: str = ""
    """What the model said when it had looked around."""

    async def draft(self, goal: str) -> Project:
        """A plan for `goal`.

        Raises:
            PlanRefused: the model wrote none that can be used.
            GatewayError: the model server cannot go on.
        """
        self.found = "".join((await self._said(prompt("plan_explore", goal=goal)))[-1:]).strip()
        return Project(goal=goal, tasks=await self._tasks(prompt("plan_write", shape=SHAPE)))

    async def again(self, plan: Project, words: str) -> Project:
        """The plan as the person wants it, in their own words. Raises as `draft` does."""
        text = prompt("plan_again", words=words, plan=written(plan), shape=SHAPE)
        return replace(plan, tasks=await self._tasks(text))

    async def _tasks(self, question: str) -> tuple[Task, ...]:
        fault = ""
        for _ in range(MOST_REPLIES):
            try:
                return _understood(await self._held(question))
            except NoPlan as error:
                fault = str(error)
                question = prompt("plan_mend", fault=fault, shape=SHAPE)
        said = f"The model wrote no plan that can be used, {MOST_REPLIES} times. {fault}"
        hint = (
            f"Say the goal in other words, or ask another model; session {self.session.id} has what it wrote."
        )
        raise PlanRefused(said, hint=hint)

    async def _held(self, question: str) -> Sequence[str]:
        """What the model said, whose reply is held to the form where the server can."""
        loop = self.session.loop
        ring = HeldReplies(loop.gateway, SPEC, self.ways)
        self.session.loop = replace(loop, gateway=ring)
        try:
            with self.quietly():
                texts = await self._said(question)
        finally:
            self.session.loop = replace(self.session.loop, gateway=loop.gateway)
        if ring.used and not "".join(texts).lstrip().startswith("{"):
            self.ways.distrust(ring.used)
        return texts

    async def _said(self, question: str) -> Sequence[str]:
        """The model's words in a turn, a text for each reply that has any."""
        finished = await self.session.send(question)
        if finished.outcome is Outcome.GATEWAY_FAILED:
            raise GatewayError(finished.note)
        talk = self.session.conversation
        replies = (one for one in talk.messages[talk.turn_start :] if isinstance(one, AssistantMessage))
        return [reply.text for reply in replies if reply.text.strip()]


def _understood(texts: Sequence[str]) -> tuple[Task, ...]:
    """In the last of them, or in all together: a long reply may have come in pieces. Raises NoPlan."""
    try:
        return tasks_of(put_together("".join(texts[-1:])))
    except NoPlan:
        if len(texts) < 2:
            raise
    return tasks_of(put_together("".join(texts)))
