"""`promote_skill`: a function becomes a tool, when its contract is clear and its examples pass."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from core.errors import SkillRejected, ToolError
from core.permissions import Effect
from core.skills import Contract, check_name, promoted
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import CodeResult
from tool.skill_arguments import arguments_model

MOST_BYTES, MOST_FAULTS = 1_000_000, 5
MEND = "Mend the function or the example, then promote it again."


class PromoteSkillArgs(BaseModel):
    """Make a Python function a tool."""

    file_path: str
    function_name: str
    tool_name: str
    examples: list[str] = Field(default_factory=list)


@dataclass
class PromoteSkill:
    services: ToolServices
    name = "promote_skill"
    args = PromoteSkillArgs
    _shown: dict[str, str] = field(default_factory=dict, init=False)
    """The code that a person was shown, by the call's arguments."""

    effect = Effect.EXECUTE

    def effect_of(self, args: PromoteSkillArgs) -> Effect:
        """It runs examples: where no sandbox holds them, that is the worse part of it."""
        return Effect.WRITE if self.services.sandbox.isolated else Effect.EXECUTE

    def preview(self, args: PromoteSkillArgs) -> str:
        """All that would run. Raises as `run` does, before anybody is asked."""
        source = self._contract(args).source
        self._shown = {args.model_dump_json(): source}
        return source

    async def run(self, args: PromoteSkillArgs, context: ToolContext) -> ToolResult:
        contract = self._contract(args)
        if self._shown.pop(args.model_dump_json(), contract.source) != contract.source:
            raise ToolError("The file was changed while the user looked at it.", hint="Promote it again.")
        if faults := await self.services.skills.runner().faults(contract):
            raise SkillRejected("Not promoted. " + "\n".join(faults[:MOST_FAULTS]), hint=MEND)
        version = await asyncio.to_thread(self.services.skills.shelf.keep, contract)
        text = _told(contract, version)
        return ToolResult(text, CodeResult(code=contract.source, output=text, failed=False))

    def _contract(self, args: PromoteSkillArgs) -> Contract:
        skills = self.services.skills
        check_name(args.tool_name, skills.taken)
        source = self._source(args.file_path)
        contract = promoted(source, args.function_name, args.tool_name, args.examples, skills.allowed)
        arguments_model(contract)
        return contract

    def _source(self, path: str) -> str:
        workspace = self.services.workspace
        try:
            with workspace.opened(workspace.to_read(path)) as file:
                content = file.read(MOST_BYTES)
        except OSError as error:
            hint = "Write the function into a file of the workspace first."
            raise ToolError(f"{path!r} cannot be read: {error.strerror or error}.", hint=hint) from error
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ToolError(f"{path!r} is no UTF-8 text.", hint="Name a Python file.") from error


def _told(contract: Contract, version: int) -> str:
    name, count = contract.name, len(contract.examples)
    parts = [f"{name} is a skill now (version {version})."]
    if not contract.is_tested:
        shape = ", ".join(member.name for member in contract.signature.members if member.required)
        parts.append(
            f"It is untested: promote it again with examples, such as {contract.function}({shape}) == ..."
        )
    elif count:
        parts.append(f"{count} example{'s pass' if count > 1 else ' passes'}.")
    else:
        parts.append("The examples of its docstring pass.")
    if contract.left_out:
        parts.append(f"Not needed, and left out: {', '.join(_few(contract.left_out))}.")
    return " ".join(parts)


def _few(names: Sequence[str]) -> Sequence[str]:
    return names if len(names) <= 10 else [*names[:10], "..."]
