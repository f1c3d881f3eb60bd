"""The model's question to the person."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.errors import InputNeeded
from core.messages import ToolStatus
from core.tools import ToolContext, ToolResult
from core.views import Question
from tests.tool.commanding import services_in
from tool.ask_user import AskUser, AskUserArgs
from tool.sandbox_none import PlainBackend


@dataclass
class Person:
    answer: str
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def ask(self, question: str, choices: Sequence[str]) -> str:
        self.asked.append((question, tuple(choices)))
        return self.answer


async def test_the_answer_of_the_person_is_what_the_model_reads(tmp_path: Path) -> None:
    person = Person("blue")
    tool = AskUser(replace(services_in(tmp_path, PlainBackend()), asker=person))

    result = await tool.run(AskUserArgs(question="Which?", choices=["red", "blue"]), ToolContext("call-1"))

    assert person.asked == [("Which?", ("red", "blue"))]
    assert result == ToolResult(
        "The user answered: blue",
        Question(question="Which?", choices=("red", "blue"), answer="blue"),
        by_person=True,
    )


async def test_without_a_person_the_turn_needs_input(tmp_path: Path) -> None:
    tool = AskUser(services_in(tmp_path, PlainBackend()))

    with pytest.raises(InputNeeded) as raised:
        await tool.run(AskUserArgs(question="Which?"), ToolContext("call-1"))

    assert raised.value.status is ToolStatus.NEEDS_INPUT
