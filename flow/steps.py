"""A turn as its steps: each a reply of the model, and the answers to its calls."""

from collections.abc import Iterable
from dataclasses import field
from functools import cached_property

from core.messages import AssistantMessage, Message, ToolMessage
from core.records import dataclass


@dataclass(frozen=True)
class Step:
    reply: AssistantMessage
    answers: list[ToolMessage] = field(default_factory=list)

    @cached_property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """Its calls, whatever their ids."""
        return tuple((call.name, call.arguments) for call in self.reply.calls)

    @cached_property
    def signature(self) -> tuple[object, ...]:
        """Its calls and what they gave: two steps of one signature have told the model the same."""
        return self.asked, tuple(answer.text for answer in self.answers)


def steps_of(messages: Iterable[Message]) -> list[Step]:
    steps: list[Step] = []
    for message in messages:
        if isinstance(message, AssistantMessage):
            steps.append(Step(message))
        elif isinstance(message, ToolMessage) and steps:
            steps[-1].answers.append(message)
    return steps
