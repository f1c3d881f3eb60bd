"""In the place of a person, where there is none."""

from collections.abc import Sequence

from core.errors import InputNeeded, NobodyToAsk
from core.messages import ToolCall
from core.permissions import Approval
from core.policies import PermissionQuestion


class Nobody:
    """Cannot approve, cannot answer."""

    async def approve(self, call: ToolCall, question: PermissionQuestion) -> Approval:
        raise NobodyToAsk(f"{call.name} was refused: nobody is there to ask. {question.reason}")

    async def ask(self, question: str, choices: Sequence[str]) -> str:
        listed = f" ({' / '.join(choices)})" if choices else ""
        raise InputNeeded(f"The model asks: {question}{listed}", hint="Answer with --continue -p '…'.")
