"""`use_skill`: the one tool through which every skill can be called, whenever it was promoted."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, Field

from core.errors import InvalidArguments
from core.permissions import Effect
from core.schema import parse_arguments
from core.skill_folders import SkillFolder
from core.tools import ToolContext, ToolResult, ToolServices
from tool.skill_folder import folder_named, read_skill
from tool.skill_tool import skill_tool

MOST_NAMED = 20


class UseSkillArgs(BaseModel):
    """Call a skill."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class UseSkill:
    services: ToolServices
    name = "use_skill"
    args = UseSkillArgs
    effect = Effect.EXECUTE

    def effect_of(self, args: UseSkillArgs) -> Effect:
        return Effect.READ if self._folder(args.name) else self.effect

    async def run(self, args: UseSkillArgs, context: ToolContext) -> ToolResult:
        if folder := self._folder(args.name):
            return read_skill(folder, args.arguments, self.services)
        shelf = self.services.skills.shelf
        names = [skill.name for skill in shelf.skills()]
        if args.name not in names and args.name not in shelf.set_aside():
            names += [skill.name for skill in self.services.skills.folders().found()]
            close = get_close_matches(args.name, names) or names[:MOST_NAMED]
            there = f"Did you mean {' or '.join(close)}?" if close else "promote_skill makes one."
            raise InvalidArguments(f"There is no skill {args.name[:80]!r}.", hint=there)
        tool = skill_tool(self.services, args.name)
        return await tool.run(parse_arguments(tool, json.dumps(args.arguments)), context)

    def _folder(self, name: str) -> SkillFolder | None:
        """The instructions of that name, unless a function has it."""
        shelf = self.services.skills.shelf
        is_function = name in shelf.set_aside() or any(skill.name == name for skill in shelf.skills())
        return None if is_function else folder_named(name, self.services)
