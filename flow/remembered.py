"""What is remembered of earlier sessions, as a new one begins with it: at the head, and frozen there."""

from collections.abc import Sequence

from core.marking import marked
from core.memory import Fact
from core.profile import Size
from core.text import clip
from core.tokens import CHARS_PER_TOKEN, weight
from flow.prompts import prompt

MOST_TOKENS: dict[Size, int] = {"tiny": 150, "small": 300, "normal": 800}
"""Of all that is told, by the size of the profile."""
MOST_FACTS = 40
MOST_CHARS = 300
"""Of one fact."""


def remembered(facts: Sequence[Fact], size: Size) -> str:
    """The best of these facts that fit a model, in the order of their numbers; empty when there are none.

    Args:
        facts: the best first.
        size: of the model's window.
    """
    room = MOST_TOKENS[size] * CHARS_PER_TOKEN - weight(_told([]))
    lines: dict[int, str] = {}
    for fact in facts[:MOST_FACTS]:
        line = line_of(fact)
        if weight(line) + 1 <= room:
            lines[fact.id] = line
            room -= weight(line) + 1
    return _told([lines[fact] for fact in sorted(lines)]) if lines else ""


def line_of(fact: Fact) -> str:
    """One line, whatever the fact is: what was said last stands at its end, where no fact can write."""
    of = "of the user, " if fact.scope == "user" else ""
    return f"#{fact.id} {clip(' '.join(fact.text.split()), MOST_CHARS)} ({of}{fact.said:%Y-%m-%d})"


def remembered_now(fact: Fact) -> str:
    """For a session that goes on while its user stores a fact."""
    lines = [line_of(fact), *(f"It replaces {line_of(older)}" for older in fact.earlier[:1])]
    return prompt("remembered_now", facts=marked("\n".join(lines)))


def forgotten_now(fact: Fact) -> str:
    """By its number alone: whoever wants something gone does not want it said again."""
    return prompt("forgotten_now", number=str(fact.id))


def _told(lines: Sequence[str]) -> str:
    return prompt("remembered", facts=marked("\n".join(lines)))
