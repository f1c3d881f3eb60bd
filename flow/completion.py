"""When a turn is over: the model stopped calling tools, goes in circles, or needs a person."""

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

from core.conversation import Conversation
from core.events import Outcome
from core.messages import AssistantMessage, Finish, ToolStatus
from core.policies import End, GoOn, SendBack, Verdict
from core.protocols import Emit
from core.records import dataclass
from flow.circles import circle
from flow.nudges import may_nudge
from flow.prompts import prompt
from flow.proofs import passed_again
from flow.steps import Step, steps_of

ANNOUNCEMENT_CHARS = 200
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")
INTENT = re.compile(
    r"(?:(?:now|next|first|then|okay|ok|so),? )*(?:let me|let's|i'?ll|i will|i(?:'m| am) going to|i need to) "
    r"(?:(?:now|first|next|then|also|quickly|start by|begin by) )*(?!know\b|be\b|wait\b|ask\b)(?P<deed>\w+)",
    re.IGNORECASE,
)
"""How a sentence begins that says what will be done."""
DEEDS = re.compile(
    r"(?:add|check|chang|creat|delet|edit|examin|explor|find|fix|inspect|list|look|open|read|remov|renam|replac"
    r"|run|search|see|start|tak|test|updat|us|view|writ)(?:e|n?ing)?",
    re.IGNORECASE,
)
"""What is done with tools."""
WATCHED_MESSAGES = 40
"""How far back repetition is looked for, so that a review costs the same in a long session."""
CONTINUATIONS = 3
"""How often in a row a reply that hit its length limit is continued."""


@dataclass(frozen=True)
class Turn:
    """The newest turn, as far as it is looked at."""

    conversation: Conversation
    steps: Sequence[Step]

    @property
    def newest(self) -> AssistantMessage:
        return self.steps[-1].reply


Check = Callable[[Turn], Verdict | None]
"""A verdict, or None when there is nothing to say for it."""


def question(turn: Turn) -> Verdict | None:
    """The model asked a person who is not there."""
    asked = (answer for answer in turn.steps[-1].answers if answer.status is ToolStatus.NEEDS_INPUT)
    return next((End(outcome=Outcome.NEEDS_INPUT, note=answer.text) for answer in asked), None)


def loops(turn: Turn) -> Verdict | None:
    """The same calls with the same answers: said once, and then the turn ends as stuck.

    It ends as done when all that is repeated is a test that passes, with nothing changed since.
    """
    found = circle(turn.steps) if turn.newest.calls else None
    if found is None or not (found.is_over or found.is_new):
        return None
    passed = passed_again(turn.steps)
    if found.is_new:
        said = prompt("passed_again" if passed else "going_in_circles", what=found.what)
        return SendBack(feedback=said)
    if passed:
        note = f"Stopped, for the model only repeated a test that passes: {found.what}."
        return End(outcome=Outcome.DONE, note=note, evidence=(passed,))
    return End(outcome=Outcome.STUCK, note=f"Stopped, for the model went in circles: {found.what}.")


def repeated_words(turn: Turn) -> Verdict | None:
    """The same span again and again, in words or thoughts: said once, and then the turn ends as stuck."""
    if turn.newest.finish is not Finish.REPEATED:
        return None
    if sum(step.reply.finish is Finish.REPEATED for step in turn.steps) == 1:
        return SendBack(feedback=prompt("repeated_reply"))
    said = (turn.newest.text or turn.newest.thinking).strip()[-80:]
    return End(outcome=Outcome.STUCK, note=f"Stopped: the model kept repeating {said!r}.")


def cut_off(turn: Turn) -> Verdict | None:
    """A reply that hit its length limit goes on, a few times in a row."""
    cut = len(list(takewhile(lambda step: step.reply.finish is Finish.LENGTH, reversed(turn.steps))))
    if not cut or turn.newest.calls:
        return None
    if cut <= CONTINUATIONS:
        return SendBack(feedback=prompt("cut_off"))
    return End(outcome=Outcome.STUCK, note="Stopped: the model's replies keep hitting their length limit.")


def silence(turn: Turn) -> Verdict | None:
    """It was asked again already."""
    if turn.newest.calls or turn.newest.text.strip():
        return None
    return End(outcome=Outcome.STUCK, note="Stopped: the model's reply was empty, also when asked again.")


def announcement(turn: Turn) -> Verdict | None:
    """Before any tool was used, only of what tools do: another short promise may be the whole answer."""
    used_tools = any(step.answers for step in turn.steps)
    if turn.newest.calls or not announces(turn.newest.text, used_tools=used_tools):
        return None
    return SendBack(feedback=prompt("announced")) if may_nudge(turn.conversation) else None


def refusal(turn: Turn) -> Verdict | None:
    """The turn ends as refused when the last step that called tools at all was."""
    if turn.newest.calls:
        return None
    answers = next((step.answers for step in reversed(turn.steps) if step.answers), [])
    refused = next((answer for answer in answers if answer.status is ToolStatus.REFUSED), None)
    return End(outcome=Outcome.REFUSED, note=refused.text) if refused else None


CHECKS: tuple[Check, ...] = (
    question,
    loops,
    repeated_words,
    cut_off,
    silence,
    announcement,
    refusal,
)
"""The first that has something to say decides; each does without the others."""


@dataclass(frozen=True)
class TurnReview:
    checks: tuple[Check, ...] = CHECKS

    async def review(self, conversation: Conversation, tell: Emit) -> Verdict:
        steps = steps_of(conversation.messages[conversation.turn_start :][-WATCHED_MESSAGES:])
        if not steps:
            return GoOn()
        turn = Turn(conversation, steps)
        verdicts = (check(turn) for check in self.checks)
        usual = GoOn() if turn.newest.calls else End(outcome=Outcome.DONE)
        return next((verdict for verdict in verdicts if verdict), usual)


def announces(text: str, *, used_tools: bool) -> bool:
    """Whether a short reply says at its end what will be done, and does not do it."""
    said = text.strip()
    if len(said) >= ANNOUNCEMENT_CHARS:
        return False
    sentences = SENTENCE_END.split(said.splitlines()[-1] if said else "")
    intents = [found for sentence in sentences if (found := INTENT.match(sentence))]
    if used_tools:
        return bool(intents) or said.endswith((":", "...", "…"))
    return any(DEEDS.fullmatch(intent["deed"]) for intent in intents)
