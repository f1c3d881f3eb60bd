"""When a turn is over: the model stopped calling tools, runs in circles, or needs a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from core.conversation import Conversation
from core.events import Outcome
from core.messages import AssistantMessage, Finish, Message, ToolMessage, ToolStatus
from core.policies import End, GoOn, SendBack, Verdict
from core.protocols import Emit
from flow.prompts import prompt

ANNOUNCEMENT_CHARS = 200
INTENT = re.compile(
    r"^(?:(?:now|next|first|then|okay|ok|so),? )*(?:let me (?!know)|let's |i'?ll |i will |i'm going to )",
    re.IGNORECASE,
)
WATCHED_MESSAGES = 40
"""How far back repetition is looked for, so that a review costs the same in a long session."""
WARNED_AT, STOPPED_AT = 3, 5
"""The same calls with the same answers so often: the model is told, and then the turn ends as stuck."""
SAME_CALLS_STOPPED_AT = 8
"""The same calls in a row, whatever they answer."""
ANNOUNCEMENTS = 2
"""How often in a turn a reply that only announces an action is sent back."""
CONTINUATIONS = 3
"""How often in a row a reply that hit its length limit is continued."""


class TurnReview:
    async def review(self, conversation: Conversation, tell: Emit) -> Verdict:
        turn = conversation.messages[conversation.turn_start :][-WATCHED_MESSAGES:]
        steps = _steps(turn)
        if not steps:
            return GoOn()
        newest = steps[-1]
        return self._after_calls(steps) if newest.reply.calls else self._after_words(steps)

    def _after_calls(self, steps: Sequence["_Step"]) -> Verdict:
        newest = steps[-1]
        for answer in newest.answers:
            if answer.status is ToolStatus.NEEDS_INPUT:
                return End(outcome=Outcome.NEEDS_INPUT, note=answer.text)
        same = sum(step.signature == newest.signature for step in steps)
        in_a_row = len(list(takewhile(lambda step: step.asked == newest.asked, reversed(steps))))
        if same >= STOPPED_AT or in_a_row >= SAME_CALLS_STOPPED_AT:
            names = ", ".join(call.name for call in newest.reply.calls)
            note = f"Stopped: the model called {names} {max(same, in_a_row)} times with the same arguments."
            return End(outcome=Outcome.STUCK, note=note)
        if same == WARNED_AT:
            return SendBack(feedback=prompt("same_call", count=str(same)))
        return GoOn()

    def _after_words(self, steps: Sequence["_Step"]) -> Verdict:
        checks = (self._circles, self._cut_off, self._silence, self._announcement, self._refusal)
        verdicts = (check(steps) for check in checks)
        return next((verdict for verdict in verdicts if verdict), End(outcome=Outcome.DONE))

    def _circles(self, steps: Sequence["_Step"]) -> Verdict | None:
        newest = steps[-1].reply
        if newest.finish is not Finish.REPEATED:
            return None
        if sum(step.reply.finish is Finish.REPEATED for step in steps) == 1:
            return SendBack(feedback=prompt("repeated_reply"))
        said = (newest.text or newest.thinking).strip()[-80:]
        return End(outcome=Outcome.STUCK, note=f"Stopped: the model kept repeating {said!r}.")

    def _cut_off(self, steps: Sequence["_Step"]) -> Verdict | None:
        cut = len(list(takewhile(lambda step: step.reply.finish is Finish.LENGTH, reversed(steps))))
        if not cut:
            return None
        if cut <= CONTINUATIONS:
            return SendBack(feedback=prompt("cut_off"))
        return End(
            outcome=Outcome.STUCK, note="Stopped: the model's replies keep hitting their length limit."
        )

    def _silence(self, steps: Sequence["_Step"]) -> Verdict | None:
        if steps[-1].reply.text.strip():
            return None
        return End(outcome=Outcome.STUCK, note="Stopped: the model's reply was empty, also when asked again.")

    def _announcement(self, steps: Sequence["_Step"]) -> Verdict | None:
        """Only in a turn that has used tools, and not again and again: some models take it for an order."""
        announced = sum(not step.reply.calls and announces(step.reply.text) for step in steps)
        used_tools = any(step.answers for step in steps)
        if used_tools and announced <= ANNOUNCEMENTS and announces(steps[-1].reply.text):
            return SendBack(feedback=prompt("announced"))
        return None

    def _refusal(self, steps: Sequence["_Step"]) -> Verdict | None:
        """The turn ends as refused when the last step that called tools at all was."""
        answers = next((step.answers for step in reversed(steps) if step.answers), [])
        refused = next((answer for answer in answers if answer.status is ToolStatus.REFUSED), None)
        return End(outcome=Outcome.REFUSED, note=refused.text) if refused else None


def announces(text: str) -> bool:
    """Whether a short reply says what will be done, and does not do it."""
    said = text.strip()
    if said.endswith((":", "...", "…")):
        return len(said) < ANNOUNCEMENT_CHARS
    return len(said) < ANNOUNCEMENT_CHARS and bool(INTENT.search(said.splitlines()[-1] if said else ""))


@dataclass
class _Step:
    """One reply and the answers to its calls."""

    reply: AssistantMessage
    answers: list[ToolMessage]

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        return tuple((call.name, call.arguments) for call in self.reply.calls)

    @property
    def signature(self) -> object:
        return self.asked, tuple(answer.text for answer in self.answers)


def _steps(messages: Sequence[Message]) -> list[_Step]:
    steps: list[_Step] = []
    for message in messages:
        if isinstance(message, AssistantMessage):
            steps.append(_Step(message, []))
        elif isinstance(message, ToolMessage) and steps:
            steps[-1].answers.append(message)
    return steps
