"""The tools of a session with its skills: found by name at once, listed when a session begins."""

from collections.abc import Sequence
from dataclasses import field

from core.errors import InvalidArguments
from core.permissions import Effect
from core.records import dataclass
from core.skill_shelf import Skill, SkillShelf
from core.tools import AnyTool, Toolbox, ToolServices, ToolSpec
from core.values import encode

MOST_TOKENS = 300
"""Of the skills in the list of tools, together."""
BYTES_PER_TOKEN = 4.0
"""Of their schemas: 4.2 to 4.8 by the tokenizer of Qwen3, in English and in Chinese."""


@dataclass
class SkillToolbox:
    inner: Toolbox
    services: ToolServices
    _made: dict[str, tuple[str, AnyTool]] = field(default_factory=dict, init=False)
    """Tools of skills, with the version they are of."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """The most used skills come after all others."""
        return (*self.inner.specs(), *most_used(self._shelf.skills()))

    def unlisted(self) -> Sequence[ToolSpec]:
        return (*self.inner.unlisted(), *map(spec_of, self._shelf.skills()))

    def names(self) -> Sequence[str]:
        return (*self.inner.names(), *(skill.name for skill in self._shelf.skills()))

    def effect_of(self, name: str) -> Effect | None:
        return Effect.EXECUTE if name in self._skills else self.inner.effect_of(name)

    def find(self, name: str) -> AnyTool:
        skill = self._skills.get(name)
        if skill is None:
            if why := self._shelf.set_aside().get(name):
                raise InvalidArguments(f"The skill {name!r} cannot be used: {why}.", hint="Do without it.")
            return self.inner.find(name)
        version, tool = self._made.get(name, ("", None))
        if tool is None or version != skill.digest:
            from tool.skill_tool import skill_tool

            tool = skill_tool(self.services, name)
            self._made[name] = (skill.digest, tool)
        return tool

    @property
    def _shelf(self) -> SkillShelf:
        return self.services.skills.shelf

    @property
    def _skills(self) -> dict[str, Skill]:
        return {skill.name: skill for skill in self._shelf.skills()}


def most_used(skills: Sequence[Skill]) -> list[ToolSpec]:
    """The first of these that fit their share of the prompt."""
    room, told = MOST_TOKENS * BYTES_PER_TOKEN, list[ToolSpec]()
    for skill in skills:
        spec = spec_of(skill)
        room -= len(encode(spec).encode()) + len('{"type":"function","function":}')
        if room < 0:
            break
        told.append(spec)
    return told


def spec_of(skill: Skill) -> ToolSpec:
    return ToolSpec(name=skill.name, description=skill.description, parameters=skill.parameters)
