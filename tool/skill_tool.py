"""`SkillTool`: a promoted function as a tool like any other."""

import asyncio
import json
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel

from core.errors import ToolError
from core.messages import ToolStatus
from core.permissions import Effect
from core.skill_shelf import SkillOutcome
from core.skills import Contract
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import CodeResult
from tool.clipping import clipped
from tool.skill_arguments import SkillArguments, arguments_model

MOST_CALL_CHARS = 500


@dataclass(frozen=True)
class SkillTool:
    services: ToolServices
    contract: Contract
    effect = Effect.EXECUTE

    @property
    def name(self) -> str:
        return self.contract.name

    @cached_property
    def args(self) -> type[SkillArguments]:
        return arguments_model(self.contract)

    async def run(self, args: BaseModel, context: ToolContext) -> ToolResult:
        skills = self.services.skills
        contract = skills.shelf.contract(self.name)  # it may have been changed since
        if contract.source != self.contract.source:
            raise ToolError(f"{self.name} has a newer version.", hint="Call it again.")
        given = args.model_dump(mode="json", exclude_unset=True)
        outcome = await skills.runner().call(contract, given)
        failed = bool(outcome.fault) and not outcome.refused
        await asyncio.to_thread(skills.shelf.count, self.name, failed=failed)
        return self._result(given, outcome)

    def _result(self, given: dict[str, object], outcome: SkillOutcome) -> ToolResult:
        failed = bool(outcome.fault)
        text = f"{self.name} failed: {outcome.fault}." if failed else _written(outcome.returned)
        if outcome.printed:
            text = f"{text}\n(printed: {outcome.printed})"
        words = ", ".join(f"{name}={value!r}" for name, value in given.items())
        code = f"{self.name}({words if len(words) <= MOST_CALL_CHARS else words[:MOST_CALL_CHARS] + '…'})"
        text = clipped(text, self.services)
        status = ToolStatus.FAILED if failed else ToolStatus.OK
        return ToolResult(text, CodeResult(code=code, output=text, failed=failed), status)


def skill_tool(services: ToolServices, name: str) -> SkillTool:
    """Raises ToolError when the skill may not be called."""
    return SkillTool(services, services.skills.shelf.contract(name))


def _written(returned: object) -> str:
    text = json.dumps(returned, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # half a letter may have been returned
