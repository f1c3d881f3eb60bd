"""`ask_user`: the model's question to the person it works for."""

from dataclasses import dataclass

from pydantic import BaseModel, Field

from core.permissions import Effect
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import Question


class AskUserArgs(BaseModel):
    """Ask the user what only they can decide."""

    question: str = Field(min_length=1)
    choices: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class AskUser:
    services: ToolServices
    name = "ask_user"
    args = AskUserArgs
    effect = Effect.READ

    async def run(self, args: AskUserArgs, context: ToolContext) -> ToolResult:
        answer = await self.services.asker.ask(args.question, args.choices)
        view = Question(question=args.question, choices=tuple(args.choices), answer=answer)
        return ToolResult(f"The user answered: {answer}", view, by_person=True)
