"""The person at the terminal, as the agent knows them: says yes or no, and answers questions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InputNeeded
from core.messages import ToolCall
from core.permissions import Approval, Scope
from core.policies import PermissionQuestion
from core.visible import visible
from servr.spans import Line, Style
from servr.terminal.question_lines import question_lines
from servr.terminal.terminal import Terminal

ANSWER = re.compile(
    r"(y|yes|s|session|a|always|n|no)\b[\s,:]*(?:because\b\s*)?(.*)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class TerminalApprover:
    terminal: Terminal

    async def approve(self, call: ToolCall, question: PermissionQuestion) -> Approval:
        lines = list(question_lines(call, question, self.terminal.columns))
        letters = "y/s/a/n" if question.rule else "y/n"
        while True:
            try:
                answer = await self.terminal.ask(lines, f"Allow it? [{letters}] ")
            except EOFError:
                return Approval(allowed=False, note="nobody was there to answer")
            if approval := approval_of(answer, once_only=not question.rule):
                return approval
            lines = [Line(f"Answer one of {letters}; after n you may say why.", Style.DIM)]


@dataclass(frozen=True)
class TerminalAsker:
    terminal: Terminal

    async def ask(self, question: str, choices: Sequence[str]) -> str:
        lines = [Line(text, Style.STRONG) for text in visible(question).splitlines()]
        lines += [Line(f"  {number}. {visible(choice)}") for number, choice in enumerate(choices, 1)]
        answer = ""
        while not answer:
            try:
                answer = await self.terminal.ask(lines, "Number or answer: " if choices else "Answer: ")
            except EOFError as error:
                raise InputNeeded("The person has left.", hint="Ask again when they are back.") from error
        if answer.isdecimal() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        return answer


def approval_of(answer: str, *, once_only: bool) -> Approval | None:
    """None when it cannot be told whether that is a yes."""
    found = ANSWER.fullmatch(answer)
    if not found:
        return None
    word, note = found[1][0].lower(), found[2].strip()
    if word == "n":
        return Approval(allowed=False, note=note)
    scope = {"y": Scope.ONCE, "s": Scope.SESSION, "a": Scope.ALWAYS}[word]
    if note or (once_only and scope is not Scope.ONCE):
        return None
    return Approval(allowed=True, scope=scope)
