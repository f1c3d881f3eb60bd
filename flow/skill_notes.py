"""Which skills there are, as a model is told of them: by notes, because its list of tools is frozen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field

from core.records import dataclass
from core.schema import shape_of
from core.skill_shelf import Skill, SkillLine
from core.text import clip
from flow.prompts import prompt

MOST_LINE_CHARS, MOST_LINES = 400, 40
Lines = Callable[[], Iterable[SkillLine]]
"""The skills of one kind that may be used now. A folder of instructions is a kind of its own."""


@dataclass
class SkillNotes:
    kinds: Sequence[Lines]
    set_aside: Callable[[], Mapping[str, str]]
    """Why others may not be used, by name."""
    told: dict[str, str] = field(default_factory=dict)
    """Versions that the model knows, by name: from its list of tools, or from notes."""
    listed: frozenset[str] = frozenset()
    """Those that stand in its list of tools, and are not lost with the history."""
    name: str = "skills"

    def news(self, *, anew: bool) -> Sequence[str]:
        if anew:
            self.told = {name: version for name, version in self.told.items() if name in self.listed}
        now = {line.name: line for lines in self.kinds for line in lines()}
        fresh = [line for line in now.values() if self.told.get(line.name) != line.version]
        gone = [name for name in self.told if name not in now]
        self.told = {name: line.version for name, line in now.items()}
        return [*([_new(fresh)] if fresh else []), *(self._gone(name) for name in gone)]

    def _gone(self, name: str) -> str:
        why = self.set_aside().get(name, "it was removed")
        return prompt("skill_gone", skill=name, why=why)


def line_of(skill: Skill) -> SkillLine:
    """Of a function: its name, what it is called with, and what it does."""
    text = f"{skill.name} {shape_of(skill.parameters)}: {skill.description}"
    return SkillLine(name=skill.name, text=clip(text, MOST_LINE_CHARS), version=skill.digest)


def _new(lines: Sequence[SkillLine]) -> str:
    shown = [f"- {line.text}" for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"- and {len(lines) - MOST_LINES} more: use_skill with another name lists some")
    return prompt("skills", lines="\n".join(shown))
