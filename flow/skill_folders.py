"""The skills that are folders, as a session begins with them: at its head, a line each, frozen there."""

from collections.abc import Sequence

from core.marking import kept_apart
from core.skill_folders import SkillFolder
from core.text import clip
from core.tokens import CHARS_PER_TOKEN, weight
from flow.prompts import prompt

MOST_CHARS = int(100 * CHARS_PER_TOKEN)
"""Of one line: about a hundred tokens."""
WINDOW_SHARE, LEAST_TOKENS, MOST_TOKENS = 0.02, 400, 2_000
"""Of all lines together."""


def skill_list(skills: Sequence[SkillFolder], window_tokens: int | None) -> str:
    """What is told of `skills`, as many as a window has room for; empty when there are none."""
    share = int((window_tokens or 0) * WINDOW_SHARE)
    room = min(max(share, LEAST_TOKENS), MOST_TOKENS) * CHARS_PER_TOKEN
    lines: list[str] = []
    left: list[str] = []
    for skill in skills:
        line = kept_apart(f"- {skill.name}: {clip(skill.description, MOST_CHARS - len(skill.name))}")
        if weight(line) <= room and not left:
            lines.append(line)
            room -= weight(line)
        else:
            left.append(skill.name)
    if left:
        lines.append(kept_apart(clip(f"- by name only: {', '.join(left)}", MOST_CHARS)))
    return prompt("skill_folders", skills="\n".join(lines)) if lines else ""
